#include "chat/text_model.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "chat/open_tokenizer.h"
#include "chat/special_tokens.h"

namespace hlwq::chat {

TextModel::TextModel(const std::filesystem::path& path, const TextModelOptions& options)
    : TextModel(checkpoint::OpenCheckpoint(path), options) {}

TextModel::TextModel(checkpoint::Checkpoint checkpoint, const TextModelOptions& options)
    : engine_(std::move(checkpoint), options.engine) {
  const MemoryLimit memory = options.memory ? *options.memory : ReadMemoryLimit();
  if (const auto cache = PlanExpertCache(engine_, options.experts, memory)) {
    engine_.CacheExperts(*cache);
  }
  if (options.expert_trace) engine_.TraceExperts(*options.expert_trace);
}

const text::Tokenizer& TextModel::tokenizer() const {
  return tokenizer_.Get([&] { return OpenTokenizer(checkpoint()); });
}

const ChatFormat& TextModel::chat_format() const {
  return chat_format_.Get([&] { return OpenChatFormat(checkpoint()); });
}

const runtime::GenerationConfig& TextModel::generation_config() const {
  return generation_config_.Get([&] {
    return runtime::ReadGenerationConfig(ReadSideJson(checkpoint(), "generation_config.json"),
                                         checkpoint().config);
  });
}

std::vector<text::TokenId> TextModel::EosTokens() const {
  std::vector<text::TokenId> eos = generation_config().eos;
  if (!HasTokenizer(checkpoint())) return eos;
  std::vector<std::string> texts = generation_config().eos_texts;
  if (auto text = ReadSpecialTokens(checkpoint()).Text("eos_token")) texts.push_back(*text);
  for (const std::string& text : texts) {
    const auto id = tokenizer().IdOf(text);
    if (id && std::ranges::find(eos, *id) == eos.end()) eos.push_back(*id);
  }
  return eos;
}

runtime::GenerateOptions TextModel::DefaultOptions() const {
  runtime::GenerateOptions options;
  options.eos = EosTokens();
  options.sampler = generation_config().Apply({});
  return options;
}

size_t TextModel::default_context_tokens() const noexcept {
  constexpr size_t kMost = 4096;
  return std::min(config().max_positions, kMost);
}

std::vector<text::TokenId> TextModel::EncodePrompt(std::string_view text) const {
  std::vector<text::TokenId> tokens = tokenizer().Encode(text);
  if (!tokens.empty()) return tokens;
  // A tokenizer that puts nothing before a text may still have a token for its beginning.
  const auto bos = generation_config().bos;
  if (!bos) {
    throw Error(ErrorCode::kInvalidArgument,
                "the prompt is empty, and the model has no token for the beginning of a text");
  }
  return {*bos};
}

}  // namespace hlwq::chat
