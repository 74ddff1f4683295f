// A model that takes and gives text: the engine that runs it, with the tokenizer, the chat template
// and the generation defaults that lie beside its weights.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "base/memory_limit.h"
#include "chat/chat_format.h"
#include "chat/expert_plan.h"
#include "chat/lazy.h"
#include "checkpoint/checkpoint.h"
#include "runtime/engine.h"
#include "runtime/generate.h"
#include "runtime/generation_config.h"
#include "text/tokenizer.h"

namespace hlwq::chat {

struct TextModelOptions {
  runtime::EngineOptions engine = {};
  ExpertOptions experts = {};
  // Where to write which experts every pass wants, for Engine::FinishTrace.
  std::optional<std::filesystem::path> expert_trace = {};
  // Empty: what the system says of this process. Less for each of several models.
  std::optional<MemoryLimit> memory = {};
};

// What is optional is read when it is first asked for: a run by token ids needs no tokenizer. Errors
// in it come then, naming the file. Thread: all but the engine is safe.
class TextModel {
 public:
  // Opens what `path` holds, maps the weights, and keeps as many experts of a mixture in memory as
  // the options say (PlanExpertCache). Throws as checkpoint::OpenCheckpoint, runtime::Engine,
  // Engine::CacheExperts and Engine::TraceExperts.
  explicit TextModel(const std::filesystem::path& path, const TextModelOptions& options = {});
  explicit TextModel(checkpoint::Checkpoint checkpoint, const TextModelOptions& options = {});
  TextModel(const TextModel&) = delete;
  TextModel& operator=(const TextModel&) = delete;

  // One caller at a time.
  runtime::Engine& engine() noexcept { return engine_; }
  const runtime::Engine& engine() const noexcept { return engine_; }
  const model::ModelConfig& config() const noexcept { return engine_.config(); }
  const checkpoint::Checkpoint& checkpoint() const noexcept { return engine_.model().checkpoint(); }

  // Throws as OpenTokenizer.
  const text::Tokenizer& tokenizer() const;
  // Throws as OpenChatFormat.
  const ChatFormat& chat_format() const;
  // Throws as runtime::ReadGenerationConfig.
  const runtime::GenerationConfig& generation_config() const;

  // How the makers generate: what ends an answer (what the generation defaults, config.json or the
  // tokenizer name) and how tokens are chosen, llama.cpp's defaults where they do not say; the seed
  // is 0. Throws as generation_config and, where there is one, tokenizer.
  runtime::GenerateOptions DefaultOptions() const;
  // Tokens of context where nobody asks for more: those it was made for, at most 4096.
  size_t default_context_tokens() const noexcept;

  // The tokens of a text to go on from; of an empty one, the token for the beginning of a text.
  // Throws Error{kInvalidArgument} for an empty one where the model has no such token.
  std::vector<text::TokenId> EncodePrompt(std::string_view text) const;

 private:
  runtime::Engine engine_;
  Lazy<text::Tokenizer> tokenizer_;
  Lazy<ChatFormat> chat_format_;
  Lazy<runtime::GenerationConfig> generation_config_;

  std::vector<text::TokenId> EosTokens() const;
};

}  // namespace hlwq::chat
