#include "checkpoint/gguf/from_tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/gguf/tokenizer_steps.h"
#include "checkpoint/gguf/vocabulary.h"

namespace hlwq::checkpoint {
namespace {

using io::GgufValue;
using nlohmann::json;

// "<0x0A>"
bool IsByteToken(std::string_view text) {
  return text.size() == 6 && text.starts_with("<0x") && text.back() == '>' &&
         std::isxdigit(static_cast<unsigned char>(text[3])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(text[4])) != 0;
}

// A token in tokenizer_config.json: its text, or an object with it.
std::optional<std::string> TokenText(const json& config, const char* key) {
  if (!config.contains(key)) return std::nullopt;
  const json& token = config.at(key);
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content")) return token.at("content").get<std::string>();
  return std::nullopt;
}

// One id or a list of them.
std::vector<uint64_t> IdsIn(const json& config, const char* key) {
  if (!config.is_object() || !config.contains(key) || config.at(key).is_null()) return {};
  const json& value = config.at(key);
  if (!value.is_array()) return {UnsignedValue(value)};
  std::vector<uint64_t> ids;
  for (const json& id : value) ids.push_back(UnsignedValue(id));
  return ids;
}

class TokenizerWriter {
 public:
  TokenizerWriter(const Checkpoint& checkpoint, uint64_t vocab, io::GgufMetadata& metadata,
                  std::vector<std::string>& notes)
      : checkpoint_(checkpoint),
        vocab_(vocab),
        metadata_(metadata),
        notes_(notes),
        tokenizer_(ReadSideJson(checkpoint, "tokenizer.json")),
        config_(ReadSideJson(checkpoint, "tokenizer_config.json")),
        generation_(ReadSideJson(checkpoint, "generation_config.json")),
        steps_(ReadTokenizerSteps(tokenizer_)) {}

  void Write() {
    const bool is_sentencepiece = steps_.pre_tokenizer == nullptr;
    Add("model", GgufValue::String(is_sentencepiece ? "llama" : "gpt2"));
    if (is_sentencepiece) {
      Add("add_space_prefix", GgufValue::Bool(steps_.adds_space_prefix));
    } else {
      Add("pre", GgufValue::String(std::string(steps_.pre_tokenizer->name)));
    }
    CollectTokens();
    WriteMerges();
    WriteTokens();
    WriteSpecialIds();
    WriteTemplates();
    WriteSampling();
  }

 private:
  void Add(std::string_view name, GgufValue value) {
    metadata_.Add(fmt::format("tokenizer.ggml.{}", name), std::move(value));
  }

  void SetToken(uint64_t id, const std::string& text, TokenType type) {
    if (id >= vocab_) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("tokenizer.json: token {} '{}', but the embedding has {} rows", id,
                              text, vocab_));
    }
    const auto [earlier, is_new] = id_of_.emplace(text, id);
    if (!is_new && earlier->second != id) {
      throw Error(
          ErrorCode::kInvalidData,
          fmt::format("tokenizer.json: tokens {} and {} are both '{}'", earlier->second, id, text));
    }
    tokens_[id] = {text, type, 0};
  }

  // Rows of the embedding without a token get fillers, as llama.cpp's converter names them.
  void CollectTokens() {
    const json& model = tokenizer_.at("model");
    const bool has_bytes = model.value("byte_fallback", false);
    const std::optional<std::string> unknown = TokenText(model, "unk_token");
    for (uint64_t id = 0; id < vocab_; ++id) {
      tokens_.push_back({fmt::format("[PAD{}]", id), TokenType::kUnused, 0});
    }
    for (const auto& [text, id] : model.at("vocab").items()) {
      SetToken(UnsignedValue(id), text,
               has_bytes && IsByteToken(text) ? TokenType::kByte : TokenType::kNormal);
    }
    if (!tokenizer_.contains("added_tokens")) return;
    for (const json& token : tokenizer_.at("added_tokens")) {
      const auto text = token.at("content").get<std::string>();
      const TokenType special = unknown == text ? TokenType::kUnknown : TokenType::kControl;
      SetToken(UnsignedValue(token.at("id")), text,
               token.value("special", false) ? special : TokenType::kUserDefined);
    }
  }

  void WriteMerges() {
    std::vector<Merge> merges;
    for (const json& merge : tokenizer_.at("model").at("merges")) {
      if (merge.is_array()) {
        merges.emplace_back(merge.at(0).get<std::string>(), merge.at(1).get<std::string>());
        continue;
      }
      const auto line = merge.get<std::string>();
      const size_t space = line.find(' ', 1);
      if (space == line.npos) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("tokenizer.json: merge '{}': want two parts", line));
      }
      merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    }
    if (steps_.pre_tokenizer == nullptr) {
      SetScores(tokens_, merges);
      return;
    }
    std::vector<std::string> lines;
    for (const Merge& merge : merges) {
      if (merge.first.find(' ') != merge.first.npos ||
          merge.second.find(' ') != merge.second.npos) {
        throw Error(
            ErrorCode::kUnsupported,
            fmt::format("tokenizer.json: merge of '{}' and '{}': GGUF parts them by a space",
                        merge.first, merge.second));
      }
      lines.push_back(merge.first + ' ' + merge.second);
    }
    Add("merges", GgufValue::Strings(std::move(lines)));
  }

  void WriteTokens() {
    std::vector<std::string> texts;
    std::vector<int64_t> types;
    std::vector<double> scores;
    for (const VocabularyToken& token : tokens_) {
      texts.push_back(token.text);
      types.push_back(static_cast<int64_t>(token.type));
      scores.push_back(token.score);
    }
    Add("tokens", GgufValue::Strings(std::move(texts)));
    Add("token_type", GgufValue::Int32s(std::move(types)));
    if (steps_.pre_tokenizer == nullptr) Add("scores", GgufValue::Float32s(std::move(scores)));
  }

  // The special tokens at either end of the template that the post-processor puts around a text.
  struct Affixes {
    std::optional<uint64_t> first, last;
  };
  Affixes ReadAffixes() const {
    Affixes affixes;
    const auto read = [&](const json& processor) {
      if (processor.value("type", "") != "TemplateProcessing") return;
      const json& single = processor.at("single");
      const auto id_of = [&](const json& piece) -> std::optional<uint64_t> {
        if (!piece.contains("SpecialToken")) return std::nullopt;
        const auto name = piece.at("SpecialToken").at("id").get<std::string>();
        const json& ids = processor.at("special_tokens").at(name).at("ids");
        if (ids.size() != 1) {
          throw Error(
              ErrorCode::kUnsupported,
              fmt::format("tokenizer.json: '{}' of the post_processor: want one token", name));
        }
        return UnsignedValue(ids.at(0));
      };
      if (single.size() > 3) {
        throw Error(
            ErrorCode::kUnsupported,
            "tokenizer.json: post_processor: want at most one token before and after a text");
      }
      if (single.empty()) return;
      affixes = {id_of(single.front()), id_of(single.back())};
    };
    if (!tokenizer_.contains("post_processor") || tokenizer_["post_processor"].is_null())
      return affixes;
    const json& processor = tokenizer_.at("post_processor");
    if (processor.value("type", "") != "Sequence") {
      read(processor);
    } else {
      for (const json& step : processor.at("processors")) read(step);
    }
    return affixes;
  }

  std::optional<uint64_t> SpecialId(const char* token_key, const char* id_key) const {
    if (const auto text = TokenText(config_, token_key)) {
      const auto found = id_of_.find(*text);
      if (found != id_of_.end()) return found->second;
    }
    for (const json* config : {&generation_, &checkpoint_.config}) {
      const std::vector<uint64_t> ids = IdsIn(*config, id_key);
      if (!ids.empty()) return ids[0];
    }
    return std::nullopt;
  }

  void WriteSpecialIds() {
    const Affixes affixes = ReadAffixes();
    const auto add = [&](std::string_view name, const std::optional<uint64_t>& id) {
      if (id && *id < vocab_) {
        Add(fmt::format("{}_token_id", name), GgufValue::Uint32(static_cast<uint32_t>(*id)));
      }
    };
    const std::optional<uint64_t> eos =
        affixes.last ? affixes.last : SpecialId("eos_token", "eos_token_id");
    add("bos", affixes.first ? affixes.first : SpecialId("bos_token", "bos_token_id"));
    add("eos", eos);
    add("unknown", SpecialId("unk_token", "unk_token_id"));
    add("padding", SpecialId("pad_token", "pad_token_id"));
    Add("add_bos_token", GgufValue::Bool(affixes.first.has_value()));
    Add("add_eos_token", GgufValue::Bool(affixes.last.has_value()));
    // Further ids that end a generation have names of their own, as far as names reach.
    std::vector<uint64_t> stops = IdsIn(generation_, "eos_token_id");
    if (stops.empty()) stops = IdsIn(checkpoint_.config, "eos_token_id");
    std::erase_if(stops, [&](uint64_t id) { return eos == id; });
    if (!stops.empty()) add("eot", stops[0]);
    if (stops.size() > 1) add("eom", stops[1]);
    if (stops.size() > 2) {
      notes_.push_back(
          fmt::format("{} more ids end a generation: GGUF names three", stops.size() - 2));
    }
  }

  void WriteTemplates() {
    const auto add = [&](std::string key, std::string text) {
      metadata_.Add(std::move(key), GgufValue::String(std::move(text)));
    };
    // The file goes before the key, as in transformers.
    if (const auto content = ReadSideFile(checkpoint_, "chat_template.jinja")) {
      add("tokenizer.chat_template", *content);
    }
    if (!config_.contains("chat_template")) return;
    const json& templates = config_.at("chat_template");
    if (templates.is_string()) add("tokenizer.chat_template", templates.get<std::string>());
    if (!templates.is_array()) return;
    for (const json& named : templates) {
      const auto name = named.at("name").get<std::string>();
      add(name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template." + name,
          named.at("template").get<std::string>());
    }
  }

  void WriteSampling() {
    const auto add = [&](const char* name, const char* key) {
      if (generation_.contains(name) && generation_.at(name).is_number()) {
        metadata_.Add(fmt::format("general.sampling.{}", key),
                      GgufValue::Float32(generation_.at(name).get<float>()));
      }
    };
    add("temperature", "temp");
    add("top_p", "top_p");
    add("min_p", "min_p");
    add("repetition_penalty", "penalty_repeat");
    if (generation_.contains("top_k") && generation_.at("top_k").is_number_unsigned()) {
      metadata_.Add("general.sampling.top_k",
                    {io::GgufValueType::kInt32, generation_.at("top_k").get<int64_t>()});
    }
  }

  const Checkpoint& checkpoint_;
  uint64_t vocab_;
  io::GgufMetadata& metadata_;
  std::vector<std::string>& notes_;
  json tokenizer_, config_, generation_;
  TokenizerSteps steps_;
  std::vector<VocabularyToken> tokens_;              // by id
  std::unordered_map<std::string, uint64_t> id_of_;  // of those that the tokenizer has
};

}  // namespace

void AddTokenizerMetadata(const Checkpoint& checkpoint, uint64_t vocab, io::GgufMetadata& metadata,
                          std::vector<std::string>& notes) {
  if (checkpoint.FindSideFile("tokenizer.json") == nullptr) {
    notes.push_back(
        "no tokenizer.json: the GGUF file has no tokenizer, and llama.cpp takes token ids "
        "only");
    metadata.Add("tokenizer.ggml.model", GgufValue::String("no_vocab"));
    return;
  }
  try {
    TokenizerWriter(checkpoint, vocab, metadata, notes).Write();
  } catch (const json::exception& failure) {
    throw Error(ErrorCode::kInvalidData, fmt::format("tokenizer files: {}", failure.what()));
  }
}

}  // namespace hlwq::checkpoint
