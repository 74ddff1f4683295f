#include "text/tokenizer/pre_tokenizer.h"

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/metaspace.h"
#include "text/tokenizer/pattern.h"
#include "text/tokenizer/split.h"
#include "text/tokenizer/unicode.h"

namespace hlwq::text {
namespace {

constexpr std::string_view kWhere = "pre_tokenizer";
// Pieces go down a call for each step.
constexpr size_t kMaxSteps = 100;

// Words of GPT-2, which ByteLevel cuts out unless told not to.
constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// The \w+|[^\w\s]+ of Whitespace, where \w is that of Unicode's UTS #18.
constexpr std::string_view kWords = R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]+)"
                                    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}\s]+)";

Piece Part(Piece whole, Range range) {
  return {whole.text.substr(range.begin, range.end - range.begin),
          whole.is_text_start && range.begin == 0};
}

class PatternSplit final : public PreTokenizer {
 public:
  PatternSplit(Pattern pattern, SplitBehavior behavior, bool is_inverted)
      : pattern_(std::move(pattern)), behavior_(behavior), is_inverted_(is_inverted) {}

  void Split(Piece piece, MatchScratch& scratch, PieceSink sink) const override {
    SplitAtMatches(
        piece.text,
        [&](FunctionRef<void(Range)> match) { pattern_.ForEachMatch(piece.text, scratch, match); },
        behavior_, is_inverted_, [&](Range range) { sink(Part(piece, range)); });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool is_inverted_;
};

// Each character of a kind is a match.
class CharacterSplit final : public PreTokenizer {
 public:
  using Predicate = bool (*)(char32_t) noexcept;
  CharacterSplit(Predicate is_match, SplitBehavior behavior)
      : is_match_(is_match), behavior_(behavior) {}

  void Split(Piece piece, MatchScratch&, PieceSink sink) const override {
    const std::string_view text = piece.text;
    SplitAtMatches(
        text,
        [&](FunctionRef<void(Range)> match) {
          for (size_t at = 0; at < text.size();) {
            const size_t size = CharacterSize(text[at]);
            if (is_match_(FirstCharacter(text.substr(at)))) match({at, at + size});
            at += size;
          }
        },
        behavior_, false, [&](Range range) { sink(Part(piece, range)); });
  }

 private:
  Predicate is_match_;
  SplitBehavior behavior_;
};

class ByteLevelSplit final : public PreTokenizer {
 public:
  // `is_last`: the model takes bytes, so the alphabet is not written out.
  ByteLevelSplit(const JsonFields& fields, bool is_last)
      : adds_prefix_space_(fields.Flag("add_prefix_space", true)), is_last_(is_last) {
    if (fields.Flag("use_regex", true)) words_.emplace(Regex(kGpt2Words));
  }

  void Split(Piece piece, MatchScratch& scratch, PieceSink sink) const override {
    std::string prefixed;
    if (adds_prefix_space_ && !piece.text.starts_with(' ')) {
      prefixed = ' ';
      prefixed += piece.text;
      piece.text = prefixed;
    }
    if (!words_) return Give(piece, sink);
    SplitAtMatches(
        piece.text,
        [&](FunctionRef<void(Range)> match) { words_->ForEachMatch(piece.text, scratch, match); },
        SplitBehavior::kIsolated, false, [&](Range range) { Give(Part(piece, range), sink); });
  }

 private:
  void Give(Piece piece, PieceSink sink) const {
    if (is_last_) return sink(piece);
    std::string characters;
    AppendByteCharacters(piece.text, characters);
    sink({characters, piece.is_text_start});
  }

  bool adds_prefix_space_;
  bool is_last_;
  std::optional<Pattern> words_;
};

class MetaspaceSplit final : public PreTokenizer {
 public:
  explicit MetaspaceSplit(MetaspaceOptions options)
      : options_(std::move(options)), space_(" "), replacement_(options_.replacement) {}

  void Split(Piece piece, MatchScratch& scratch, PieceSink sink) const override {
    std::string text;
    const bool prepends = options_.scheme == PrependScheme::kAlways ||
                          (options_.scheme == PrependScheme::kFirst && piece.is_text_start);
    const bool has_prefix =
        piece.text.starts_with(' ') || piece.text.starts_with(options_.replacement);
    if (prepends && !has_prefix) text = options_.replacement;
    space_.AppendReplaced(piece.text, options_.replacement, scratch, text);
    const Piece replaced{text, piece.is_text_start};
    if (!options_.splits) return sink(replaced);
    SplitAtMatches(
        text,
        [&](FunctionRef<void(Range)> match) { replacement_.ForEachMatch(text, scratch, match); },
        SplitBehavior::kMergedWithNext, false, [&](Range range) { sink(Part(replaced, range)); });
  }

 private:
  MetaspaceOptions options_;
  Pattern space_;
  Pattern replacement_;
};

using Steps = std::vector<std::unique_ptr<const PreTokenizer>>;

void AddCharacters(CharacterSplit::Predicate is_match, SplitBehavior behavior, Steps& steps) {
  steps.push_back(std::make_unique<CharacterSplit>(is_match, behavior));
}

// Adds the steps of `json`; returns whether the last one is ByteLevel.
bool AddSteps(const nlohmann::json& json, bool is_last, Steps& steps) {
  const JsonFields fields(json, kWhere);
  const std::string& type = fields.type();
  if (type == "Sequence") {
    const nlohmann::json& items = fields.List("pretokenizers");
    bool ends_in_bytes = false;
    for (size_t index = 0; index < items.size(); ++index) {
      ends_in_bytes = AddSteps(items[index], is_last && index + 1 == items.size(), steps);
    }
    return ends_in_bytes;
  }
  if (type == "ByteLevel") {
    steps.push_back(std::make_unique<ByteLevelSplit>(fields, is_last));
    return true;
  }
  if (type == "Split") {
    steps.push_back(std::make_unique<PatternSplit>(
        Pattern::FromJson(fields), SplitBehaviorFromJson(fields), fields.Flag("invert", false)));
  } else if (type == "Metaspace") {
    steps.push_back(std::make_unique<MetaspaceSplit>(MetaspaceOptions::FromJson(fields)));
  } else if (type == "Whitespace") {
    steps.push_back(
        std::make_unique<PatternSplit>(Pattern(Regex(kWords)), SplitBehavior::kRemoved, true));
  } else if (type == "WhitespaceSplit") {
    AddCharacters(IsWhiteSpace, SplitBehavior::kRemoved, steps);
  } else if (type == "Punctuation") {
    AddCharacters(IsPunctuation, SplitBehaviorFromJson(fields, SplitBehavior::kIsolated), steps);
  } else if (type == "Digits") {
    const bool is_single = fields.Flag("individual_digits", false);
    AddCharacters(IsNumeric, is_single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous,
                  steps);
  } else if (type == "CharDelimiterSplit") {
    steps.push_back(std::make_unique<PatternSplit>(Pattern(fields.String("delimiter")),
                                                   SplitBehavior::kRemoved, false));
  } else if (type == "BertPreTokenizer") {
    AddCharacters(IsWhiteSpace, SplitBehavior::kRemoved, steps);
    AddCharacters(IsPunctuation, SplitBehavior::kIsolated, steps);
  } else {
    fields.Unsupported();
  }
  return false;
}

}  // namespace

PreTokenizerChain::PreTokenizerChain(const nlohmann::json& json) {
  if (!json.is_null()) ends_in_bytes_ = AddSteps(json, true, steps_);
  if (steps_.size() > kMaxSteps) {
    throw Error(ErrorCode::kUnsupported, "pre_tokenizer: more than " + std::to_string(kMaxSteps) +
                                             " steps are not supported");
  }
}

void PreTokenizerChain::Split(Piece piece, MatchScratch& scratch, PieceSink sink) const {
  SplitFrom(0, piece, scratch, sink);
}

void PreTokenizerChain::SplitFrom(size_t step, Piece piece, MatchScratch& scratch,
                                  PieceSink sink) const {
  if (step == steps_.size()) return sink(piece);
  steps_[step]->Split(piece, scratch,
                      [&](Piece part) { SplitFrom(step + 1, part, scratch, sink); });
}

}  // namespace hlwq::text
