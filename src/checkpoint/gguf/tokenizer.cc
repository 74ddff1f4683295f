#include "checkpoint/gguf/tokenizer.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "checkpoint/gguf/pretokenizer.h"
#include "checkpoint/gguf/vocabulary.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr std::string_view kSpaceMark = "\u2581";  // what SentencePiece writes for a space

constexpr std::string_view kTemplateKey = "tokenizer.chat_template";

// Which tokens are put around every text.
struct Affixes {
  std::optional<uint64_t> bos, eos;
};

Affixes ReadAffixes(const io::GgufMetadata& metadata, const GgufSpecialIds& ids,
                    bool adds_bos_by_default) {
  Affixes affixes;
  if (metadata.Bool("tokenizer.ggml.add_bos_token").value_or(adds_bos_by_default)) {
    affixes.bos = ids.bos;
  }
  if (metadata.Bool("tokenizer.ggml.add_eos_token").value_or(false)) affixes.eos = ids.eos;
  return affixes;
}

json MakeAddedTokens(const GgufVocabulary& vocabulary) {
  json added = json::array();
  const std::vector<VocabularyToken>& tokens = vocabulary.tokens();
  for (size_t id = 0; id < tokens.size(); ++id) {
    const bool is_special =
        tokens[id].type == TokenType::kControl || tokens[id].type == TokenType::kUnknown;
    if (!is_special && tokens[id].type != TokenType::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", tokens[id].text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", is_special}});
  }
  return added;
}

json MakeBpe(const GgufVocabulary& vocabulary, const std::vector<Merge>& merges) {
  json vocab = json::object();
  for (size_t id = 0; id < vocabulary.tokens().size(); ++id) {
    if (!vocabulary.IsFiller(id)) vocab[vocabulary.tokens()[id].text] = id;
  }
  json pairs = json::array();
  for (const Merge& merge : merges) pairs.push_back({merge.first, merge.second});
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocab)},
          {"merges", std::move(pairs)}};
}

json MakePostProcessor(const GgufVocabulary& vocabulary, const Affixes& affixes) {
  if (!affixes.bos && !affixes.eos) return nullptr;
  json special_tokens = json::object();
  const auto special = [&](uint64_t id, int sequence) {
    const std::string& text = vocabulary.tokens()[id].text;
    special_tokens[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
    return json{{"SpecialToken", {{"id", text}, {"type_id", sequence}}}};
  };
  const auto append = [&](json& pattern, std::string_view name, int sequence) {
    if (affixes.bos) pattern.push_back(special(*affixes.bos, sequence));
    pattern.push_back({{"Sequence", {{"id", name}, {"type_id", sequence}}}});
    if (affixes.eos) pattern.push_back(special(*affixes.eos, sequence));
  };
  json single = json::array();
  append(single, "A", 0);
  json pair = json::array();
  append(pair, "A", 0);
  append(pair, "B", 1);
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special_tokens)}};
}

json ByteLevel(bool adds_prefix_space) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", adds_prefix_space},
          {"trim_offsets", true},
          {"use_regex", false}};
}

// Byte-level BPE: pieces by regular expression, bytes to the GPT-2 alphabet, merges as listed.
void FillByteLevel(json& tokenizer, const io::GgufMetadata& metadata,
                   const GgufVocabulary& vocabulary, const PreTokenizer& pre_tokenizer) {
  tokenizer["model"] = MakeBpe(vocabulary, ReadMerges(metadata, vocabulary));
  tokenizer["model"]["ignore_merges"] = pre_tokenizer.ignores_merges;
  if (pre_tokenizer.normalizes_nfc) tokenizer["normalizer"] = {{"type", "NFC"}};
  json steps = json::array();
  for (const std::string_view expression : pre_tokenizer.expressions) {
    steps.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", expression}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  }
  steps.push_back(ByteLevel(false));
  tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
  tokenizer["decoder"] = ByteLevel(true);
}

// SentencePiece BPE in the form that transformers gives it: spaces become a visible mark, characters
// without a token fall back to bytes.
void FillSentencePiece(json& tokenizer, const io::GgufMetadata& metadata,
                       const GgufVocabulary& vocabulary, const GgufSpecialIds& ids) {
  json& model = tokenizer["model"] = MakeBpe(vocabulary, MergesFromScores(vocabulary));
  if (ids.unk) model["unk_token"] = vocabulary.tokens()[*ids.unk].text;
  model["fuse_unk"] = true;
  model["byte_fallback"] = vocabulary.HasByteTokens();

  const bool adds_space = metadata.Bool("tokenizer.ggml.add_space_prefix").value_or(true);
  json normalizers = json::array();
  if (adds_space) normalizers.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
  normalizers.push_back(
      {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpaceMark}});
  tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}};

  json decoders = json::array();
  decoders.push_back(
      {{"type", "Replace"}, {"pattern", {{"String", kSpaceMark}}}, {"content", " "}});
  decoders.push_back({{"type", "ByteFallback"}});
  decoders.push_back({{"type", "Fuse"}});
  if (adds_space) {
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  tokenizer["decoder"] = {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
}

const PreTokenizer& ReadPreTokenizer(const io::GgufMetadata& metadata,
                                     std::vector<std::string>& notes) {
  const std::string* name = metadata.String("tokenizer.ggml.pre");
  if (name == nullptr) {
    notes.push_back(
        "metadata 'tokenizer.ggml.pre' is missing: 'default' is taken, as llama.cpp does");
  }
  const PreTokenizer* found = FindPreTokenizer(name == nullptr ? "default" : *name);
  if (found == nullptr) {
    throw Error(ErrorCode::kUnsupported, fmt::format("tokenizer pre type '{}'", *name));
  }
  return *found;
}

// What SentencePiece models mean when the metadata is silent.
GgufSpecialIds WithSentencePieceDefaults(GgufSpecialIds ids, size_t tokens) {
  const auto set = [&](std::optional<uint64_t>& id, uint64_t value) {
    if (!id && value < tokens) id = value;
  };
  set(ids.unk, 0);
  set(ids.bos, 1);
  set(ids.eos, 2);
  return ids;
}

// What the files are made from, each when it is asked for. Immutable. Thread: safe.
class TokenizerFiles {
 public:
  // `pre_tokenizer`: of byte-level BPE; nullptr for SentencePiece.
  TokenizerFiles(std::shared_ptr<const io::GgufMetadata> metadata, const GgufModel& model,
                 const GgufSpecialIds& ids, const PreTokenizer* pre_tokenizer)
      : metadata_(std::move(metadata)),
        vocab_(model.vocab),
        context_(model.context),
        metadata_ids_(ids),
        pre_tokenizer_(pre_tokenizer) {}

  std::string Tokenizer() const {
    const Content content = Read();
    json tokenizer = {{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"normalizer", nullptr},
                      {"pre_tokenizer", nullptr}};
    tokenizer["added_tokens"] = MakeAddedTokens(content.vocabulary);
    if (pre_tokenizer_ != nullptr) {
      FillByteLevel(tokenizer, *metadata_, content.vocabulary, *pre_tokenizer_);
    } else {
      FillSentencePiece(tokenizer, *metadata_, content.vocabulary, content.ids);
    }
    tokenizer["post_processor"] = MakePostProcessor(content.vocabulary, content.affixes);
    return tokenizer.dump() + "\n";
  }

  std::string Config() const {
    const Content content = Read();
    json config = NamedTokens(content);
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
    config["add_bos_token"] = content.affixes.bos.has_value();
    config["add_eos_token"] = content.affixes.eos.has_value();
    config["clean_up_tokenization_spaces"] = false;
    config["model_max_length"] = context_;
    if (const std::string* chat_template = metadata_->String(kTemplateKey)) {
      config["chat_template"] = *chat_template;
    }
    return config.dump(2) + "\n";
  }

  std::string SpecialTokensMap() const { return NamedTokens(Read()).dump(2) + "\n"; }

 private:
  struct Content {
    GgufVocabulary vocabulary;
    GgufSpecialIds ids;
    Affixes affixes;
  };

  std::shared_ptr<const io::GgufMetadata> metadata_;
  uint64_t vocab_, context_;
  GgufSpecialIds metadata_ids_;
  const PreTokenizer* pre_tokenizer_;

  Content Read() const {
    GgufVocabulary vocabulary(*metadata_, vocab_);
    const size_t tokens = vocabulary.tokens().size();
    const bool is_byte_level = pre_tokenizer_ != nullptr;
    GgufSpecialIds ids =
        is_byte_level ? metadata_ids_ : WithSentencePieceDefaults(metadata_ids_, tokens);
    for (const std::optional<uint64_t>& id : {ids.bos, ids.eos, ids.unk, ids.pad}) {
      if (id && *id >= tokens) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("special token {} of a vocabulary of {}", *id, tokens));
      }
    }
    const Affixes affixes =
        ReadAffixes(*metadata_, ids, !is_byte_level || pre_tokenizer_->adds_bos_by_default);
    return {std::move(vocabulary), std::move(ids), affixes};
  }

  static json NamedTokens(const Content& content) {
    json named = json::object();
    const auto name = [&](const char* key, const std::optional<uint64_t>& id) {
      if (id) named[key] = content.vocabulary.tokens()[*id].text;
    };
    name("bos_token", content.ids.bos);
    name("eos_token", content.ids.eos);
    name("unk_token", content.ids.unk);
    name("pad_token", content.ids.pad);
    return named;
  }
};

}  // namespace

std::vector<SideFile> MakeTokenizerFiles(std::shared_ptr<const io::GgufMetadata> metadata,
                                         const GgufModel& model, const GgufSpecialIds& ids,
                                         std::vector<std::string>& notes) {
  const std::string* kind = metadata->String("tokenizer.ggml.model");
  if (kind == nullptr || *kind == "no_vocab" || *kind == "none") {
    notes.push_back("the file has no tokenizer: no tokenizer.json is made");
    return {};
  }
  if (*kind != "gpt2" && *kind != "llama") {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("tokenizer model '{}' (known: gpt2, llama)", *kind));
  }
  const PreTokenizer* pre_tokenizer =
      *kind == "gpt2" ? &ReadPreTokenizer(*metadata, notes) : nullptr;
  std::vector<SideFile> files;
  if (const std::string* chat_template = metadata->String(kTemplateKey)) {
    files.push_back({.name = "chat_template.jinja", .content = *chat_template});
  }
  for (const auto& [key, value] : metadata->values()) {
    if (key.starts_with("tokenizer.chat_template.")) {
      notes.push_back(fmt::format("metadata '{}': only the default template is kept", key));
    }
  }
  const auto source =
      std::make_shared<const TokenizerFiles>(std::move(metadata), model, ids, pre_tokenizer);
  files.push_back({.name = "tokenizer.json", .make = [source] { return source->Tokenizer(); }});
  files.push_back({.name = "tokenizer_config.json", .make = [source] { return source->Config(); }});
  files.push_back(
      {.name = "special_tokens_map.json", .make = [source] { return source->SpecialTokensMap(); }});
  return files;
}

}  // namespace hlwq::checkpoint
