#include "text/tokenizer/tokenizer_file.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "text/tokenizer/quoted.h"

namespace hlwq::text {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxDepth = 64;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

[[noreturn]] void FailUnsupported(const std::string& what) {
  throw Error(ErrorCode::kUnsupported, what + " is not supported");
}

// simdjson lets half of a surrogate pair pass, as bytes that are no UTF-8.
void CheckText(std::string_view text, std::string_view where) {
  if (!IsValidUtf8(text)) {
    Fail(std::string(where) + ": a string with half of a surrogate pair");
  }
}

// One object of the file, each of whose keys may occur once.
class Members {
 public:
  Members(dom::object object, std::string_view where) : where_(where) {
    for (const dom::key_value_pair member : object) {
      // A repeated key that nothing reads does no harm; these objects have a dozen keys.
      if (names_.size() == kMost) Fail(where_ + ": more than 64 keys");
      if (std::ranges::find(names_, member.key) != names_.end()) {
        Fail(where_ + ": key " + Quoted(member.key) + " occurs twice");
      }
      names_.push_back(member.key);
      values_.push_back(member.value);
    }
  }

  // Null when absent or null.
  const dom::element* Find(std::string_view name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return nullptr;
    const dom::element& value = values_[static_cast<size_t>(found - names_.begin())];
    return value.is_null() ? nullptr : &value;
  }

  template <typename T>
  T Get(std::string_view name, std::string_view wanted) const {
    T result{};
    const dom::element* const value = Find(name);
    if (value == nullptr || value->get(result) != simdjson::SUCCESS) {
      Fail(where_ + ": '" + std::string(name) + "': want " + std::string(wanted));
    }
    return result;
  }

  bool Flag(std::string_view name) const {
    return Find(name) != nullptr && Get<bool>(name, "true or false");
  }

  std::string Text(std::string_view name) const {
    const auto text = Get<std::string_view>(name, "a string");
    CheckText(text, where_);
    return std::string(text);
  }

  // A component that is small enough for a strict parser.
  nlohmann::json Component(std::string_view name) const {
    const dom::element* const value = Find(name);
    if (value == nullptr) return nullptr;
    return WithContext(name, [&] { return ParseJson(simdjson::minify(*value)); });
  }

 private:
  static constexpr size_t kMost = 64;
  std::string where_;
  std::vector<std::string_view> names_;
  std::vector<dom::element> values_;
};

BpeOptions ReadOptions(const Members& model) {
  const std::string type = model.Find("type") == nullptr ? "BPE" : model.Text("type");
  if (type != "BPE") {
    throw Error(ErrorCode::kUnsupported,
                "model " + Quoted(type) + " is not supported: want a byte pair encoding ('BPE')");
  }
  if (const dom::element* const dropout = model.Find("dropout")) {
    double probability = 0;
    if (dropout->get(probability) != simdjson::SUCCESS || probability != 0) {
      FailUnsupported("'dropout' of model 'BPE'");
    }
  }
  for (const std::string_view affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.Find(affix) != nullptr && !model.Text(affix).empty()) {
      FailUnsupported("'" + std::string(affix) + "' of model 'BPE'");
    }
  }
  BpeOptions options;
  if (model.Find("unk_token") != nullptr) options.unk_token = model.Text("unk_token");
  options.fuse_unk = model.Flag("fuse_unk");
  options.byte_fallback = model.Flag("byte_fallback");
  options.ignore_merges = model.Flag("ignore_merges");
  return options;
}

// Adds tokens several at a time, so that waiting for memory overlaps.
class VocabularyReader {
 public:
  explicit VocabularyReader(Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void Read(dom::object tokens) {
    constexpr size_t kUsualTokenBytes = 8;
    vocabulary_.Reserve(tokens.size(), kUsualTokenBytes * tokens.size());
    for (const dom::key_value_pair token : tokens) {
      uint64_t id = 0;
      if (token.value.get(id) != simdjson::SUCCESS || id >= kMaxTokens) {
        Fail("model: token " + Quoted(token.key) + ": want an id below " +
             std::to_string(kMaxTokens));
      }
      const uint64_t hash = Vocabulary::Hash(token.key);
      vocabulary_.Prefetch(hash);
      waiting_[count_++] = {token.key, static_cast<TokenId>(id), hash};
      if (count_ == waiting_.size()) Flush();
    }
    Flush();
    CheckText(vocabulary_.block(), "model");
  }

 private:
  struct Token {
    std::string_view text;
    TokenId id;
    uint64_t hash;
  };

  void Flush() {
    WithContext("model", [&] {
      for (const Token& token : std::span(waiting_).first(count_)) {
        vocabulary_.Add(token.text, token.id, token.hash);
      }
    });
    count_ = 0;
  }

  Vocabulary& vocabulary_;
  std::array<Token, 32> waiting_;
  size_t count_ = 0;
};

[[noreturn]] void FailMerge(size_t rank) {
  Fail("model: merge " + std::to_string(rank) + ": want two tokens");
}

// "a b" in older files, ["a", "b"] in newer ones.
MergeText ReadMerge(dom::element merge, size_t rank) {
  std::string_view line;
  if (merge.get(line) == simdjson::SUCCESS) {
    const size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos) FailMerge(rank);
    return {line.substr(0, space), line.substr(space + 1)};
  }
  dom::array pair;
  if (merge.get(pair) != simdjson::SUCCESS) FailMerge(rank);
  std::array<std::string_view, 2> parts;
  size_t count = 0;
  for (const dom::element part : pair) {
    if (count == parts.size() || part.get(parts[count]) != simdjson::SUCCESS) FailMerge(rank);
    ++count;
  }
  if (count != parts.size()) FailMerge(rank);
  return {parts[0], parts[1]};
}

std::vector<MergeText> ReadMerges(dom::array list) {
  std::vector<MergeText> merges;
  merges.reserve(list.size());
  for (const dom::element item : list) {
    std::string_view line;
    // The first line of a merges.txt, which old converters took along.
    const bool is_header =
        merges.empty() && item.get(line) == simdjson::SUCCESS && line.starts_with("#version");
    if (!is_header) merges.push_back(ReadMerge(item, merges.size()));
  }
  return merges;
}

}  // namespace

struct TokenizerFile::Document {
  dom::parser parser;
};

TokenizerFile::~TokenizerFile() = default;

TokenizerFile::TokenizerFile(std::string_view json) : document_(std::make_unique<Document>()) {
  if (json.size() > kMaxTokenizerBytes) {
    Fail("want at most " + std::to_string(kMaxTokenizerBytes) + " bytes, got " +
         std::to_string(json.size()));
  }
  dom::parser& parser = document_->parser;
  dom::element root;
  simdjson::error_code error = parser.allocate(std::max<size_t>(json.size(), 64), kMaxDepth);
  if (error == simdjson::SUCCESS) error = parser.parse(json.data(), json.size()).get(root);
  if (error != simdjson::SUCCESS) Fail(std::string("JSON: ") + simdjson::error_message(error));

  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) Fail("want an object");
  const Members file(object, "tokenizer");
  const Members model(file.Get<dom::object>("model", "an object"), "model");
  options = ReadOptions(model);
  VocabularyReader(vocabulary).Read(model.Get<dom::object>("vocab", "an object"));
  merges = ReadMerges(model.Get<dom::array>("merges", "a list"));

  added_tokens = file.Component("added_tokens");
  normalizer = file.Component("normalizer");
  pre_tokenizer = file.Component("pre_tokenizer");
  post_processor = file.Component("post_processor");
  decoder = file.Component("decoder");
}

}  // namespace hlwq::text
