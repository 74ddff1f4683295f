// How a normalized text is cut into the pieces that the model encodes one by one.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "text/tokenizer/regex.h"

namespace hlwq::text {

struct Piece {
  std::string_view text;       // valid during the call it is passed to; never empty
  bool is_text_start = false;  // the text to encode begins with this piece
};
using PieceSink = FunctionRef<void(Piece)>;

// One step. Immutable. Thread: safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void Split(Piece piece, MatchScratch& scratch, PieceSink sink) const = 0;
};

// The "pre_tokenizer" of a tokenizer.json: steps in order. ByteLevel, Split, Metaspace, Whitespace,
// WhitespaceSplit, Punctuation, Digits, CharDelimiterSplit, BertPreTokenizer, Sequence.
class PreTokenizerChain {
 public:
  // `json` may be null. Throws Error{kUnsupported} naming a pre-tokenizer it does not know.
  explicit PreTokenizerChain(const nlohmann::json& json);

  // True when the last step is ByteLevel. The pieces are then plain text, and the model is to take
  // bytes for the characters of its alphabet: writing them out would double most texts.
  bool ends_in_bytes() const noexcept { return ends_in_bytes_; }

  void Split(Piece piece, MatchScratch& scratch, PieceSink sink) const;

 private:
  void SplitFrom(size_t step, Piece piece, MatchScratch& scratch, PieceSink sink) const;

  std::vector<std::unique_ptr<const PreTokenizer>> steps_;
  bool ends_in_bytes_ = false;
};

}  // namespace hlwq::text
