// Where the rest of a prompt may begin so that it gets the bits which it has when all is read at once.
#pragma once

#include <cstddef>

#include "runtime/engine.h"

namespace hlwq::runtime {

// How an engine reads prompts.
struct PromptPieces {
  size_t most_tokens = 0;     // of a piece
  bool is_recurrent = false;  // Sequence notes moments on the way
  size_t most_plain_tokens =
      0;  // longer prompts: what a token gets depends on the length of its piece
};
PromptPieces PromptPiecesOf(const Engine& engine);

// Tokens at the end of a prompt of `tokens` that are read in a short piece (model::kShortSegment).
size_t ShortTail(size_t tokens, const PromptPieces& pieces);

// The largest length, at most `most`, of a prompt of `tokens` which a sequence may hold already, read in long pieces, so
// that reading the rest gives the bits of reading all of it (Engine::Step). 0: from its start.
size_t ExactCut(size_t most, size_t tokens, const PromptPieces& pieces);

// Whether a sequence of `tokens`, of which so many first ones were read in long pieces, has the bits of a prompt that was
// read from its start.
bool IsReadAtOnce(size_t tokens, size_t prompt_tokens, const PromptPieces& pieces);

}  // namespace hlwq::runtime
