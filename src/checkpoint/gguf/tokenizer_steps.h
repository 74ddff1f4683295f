// What a tokenizer.json does with a text before merging, in llama.cpp's terms: the inverse of what
// gguf/tokenizer.cc writes.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "checkpoint/gguf/pretokenizer.h"

namespace hlwq::checkpoint {

struct TokenizerSteps {
  // Of byte-level BPE ("gpt2"); nullptr for SentencePiece BPE ("llama").
  const PreTokenizer* pre_tokenizer = nullptr;
  bool adds_space_prefix = false;  // SentencePiece: a space in front of every text
};

// Throws Error{kUnsupported} naming the step that llama.cpp has no counterpart of.
TokenizerSteps ReadTokenizerSteps(const nlohmann::json& tokenizer);

}  // namespace hlwq::checkpoint
