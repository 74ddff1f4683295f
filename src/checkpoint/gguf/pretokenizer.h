// How byte-level BPE models cut text into pieces before merging: what llama.cpp knows under the
// names of `tokenizer.ggml.pre` (docs/gguf.md, "Tokenizers").
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hlwq::checkpoint {

struct PreTokenizer {
  std::string_view name;
  // Applied in turn, each to the pieces left by the one before; matches and what lies between them
  // become pieces of their own. Syntax of tokenizer.json (Oniguruma).
  std::span<const std::string_view> expressions;
  bool ignores_merges = false;  // a piece that is a token is that token
  bool adds_bos_by_default = false;
  bool normalizes_nfc = false;  // as the family's own tokenizer.json does
};

// nullptr for an unknown name.
const PreTokenizer* FindPreTokenizer(std::string_view name) noexcept;

// The rule of these expressions: of several names for one, that of the family it was made for.
// nullptr for expressions that llama.cpp has no name for.
const PreTokenizer* FindPreTokenizer(std::span<const std::string> expressions,
                                     bool ignores_merges) noexcept;

// What a step that isolates digits, and one of GPT-2's, cut by.
extern const std::string_view kDigitExpression;
extern const std::string_view kGpt2Expression;

}  // namespace hlwq::checkpoint
