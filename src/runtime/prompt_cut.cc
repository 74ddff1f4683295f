#include "runtime/prompt_cut.h"

#include <algorithm>
#include <limits>

#include "model/recurrent_state.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kShort = model::kShortSegment;
// Sequence::Want notes the last moment at a multiple of so many tokens, more than a short piece before the end.
constexpr size_t kMomentStep = 32;

size_t LastPiece(size_t tokens, size_t most) noexcept { return (tokens - 1) % most + 1; }

size_t LastMoment(size_t tokens) noexcept {
  return tokens > kShort ? (tokens - kShort - 1) / kMomentStep * kMomentStep : 0;
}

}  // namespace

PromptPieces PromptPiecesOf(const Engine& engine) {
  const checkpoint::RopeConfig& rope = engine.config().rope;
  const bool is_dynamic = rope.scaling == checkpoint::RopeScaling::kDynamic;
  return {.most_tokens = engine.chunk_tokens(),
          .is_recurrent = model::RecurrentState::Bytes(engine.config()) > 0,
          .most_plain_tokens = is_dynamic ? static_cast<size_t>(rope.original_positions)
                                          : std::numeric_limits<size_t>::max()};
}

size_t ShortTail(size_t tokens, const PromptPieces& pieces) {
  if (tokens == 0 || pieces.most_tokens <= kShort) return tokens;
  const size_t begin = pieces.is_recurrent ? LastMoment(tokens) : 0;
  const size_t last = LastPiece(tokens - begin, pieces.most_tokens);
  return last <= kShort ? last : 0;
}

size_t ExactCut(size_t most, size_t tokens, const PromptPieces& pieces) {
  const size_t piece = pieces.most_tokens;
  const size_t tail = ShortTail(tokens, pieces);
  if (piece <= kShort || tail == tokens) return 0;
  const bool is_stretched = tokens > pieces.most_plain_tokens;
  if (pieces.is_recurrent) {
    // All pieces but the last then begin and end at such a multiple.
    if (piece % kMomentStep != 0 || is_stretched) return 0;
    return std::min(most, LastMoment(tokens)) / kMomentStep * kMomentStep;
  }
  // Where a piece is short, or its length is seen, the pieces must be the same ones.
  if (tail > 0 || is_stretched)
    return std::min(most, tokens - std::max<size_t>(tail, 1)) / piece * piece;
  const size_t cut = std::min(most, tokens - 1);
  const size_t last = LastPiece(tokens - cut, piece);
  return last > kShort ? cut : cut - std::min(cut, kShort + 1 - last);
}

bool IsReadAtOnce(size_t tokens, size_t prompt_tokens, const PromptPieces& pieces) {
  const size_t piece = pieces.most_tokens;
  if (piece <= kShort || (pieces.is_recurrent && piece % kMomentStep != 0)) return false;
  return tokens <= pieces.most_plain_tokens && prompt_tokens == tokens - ShortTail(tokens, pieces);
}

}  // namespace hlwq::runtime
