#include "server/idle_sequences.h"

#include <algorithm>
#include <utility>

#include "model/layer.h"

namespace hlwq::server {

using runtime::TokenId;

size_t CommonTokens(std::span<const TokenId> held, std::span<const TokenId> prompt) noexcept {
  constexpr size_t kLeast = model::kShortSegment + 1;
  const auto different = std::ranges::mismatch(held, prompt).in1;
  if (prompt.size() < kLeast) return 0;
  return std::min(static_cast<size_t>(different - held.begin()), prompt.size() - kLeast);
}

size_t ReusableTokens(std::span<const TokenId> held, std::span<const TokenId> prompt) noexcept {
  return CommonTokens(held, prompt) / kPieceStep * kPieceStep;
}

HeldSequence IdleSequences::TakeFor(std::span<const TokenId> prompt) {
  auto best = sequences_.end();
  size_t most = 0;
  for (auto held = sequences_.begin(); held != sequences_.end(); ++held) {
    const auto tokens = held->sequence->tokens();
    const size_t common = ReusableTokens(tokens, prompt);
    if (common > most && 2 * common >= tokens.size()) {
      most = common;
      best = held;
    }
  }
  if (best == sequences_.end()) return {};
  HeldSequence taken = std::move(*best);
  sequences_.erase(best);
  return taken;
}

const HeldSequence* IdleSequences::BestFor(std::span<const TokenId> prompt) const noexcept {
  const HeldSequence* best = nullptr;
  size_t most = 0;
  for (const HeldSequence& held : sequences_) {
    const size_t common = ReusableTokens(held.sequence->tokens(), prompt);
    if (common > most) {
      most = common;
      best = &held;
    }
  }
  return best;
}

void IdleSequences::Put(HeldSequence held) {
  sequences_.push_front(std::move(held));
  while (!sequences_.empty() && bytes() > most_bytes_) sequences_.pop_back();
}

uint64_t IdleSequences::bytes() const noexcept {
  uint64_t bytes = state_bytes();
  for (const HeldSequence& held : sequences_)
    bytes += layout_.Bytes(held.sequence->tokens().size());
  return bytes;
}

uint64_t IdleSequences::state_bytes() const noexcept {
  uint64_t bytes = 0;
  for (const HeldSequence& held : sequences_) bytes += held.sequence->state_bytes();
  return bytes;
}

}  // namespace hlwq::server
