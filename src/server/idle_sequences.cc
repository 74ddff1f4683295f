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

const HeldSequence* IdleSequences::BestFor(std::span<const TokenId> prompt) const noexcept {
  const HeldSequence* best = nullptr;
  size_t most = 0, least_lost = 0;
  for (const HeldSequence& held : sequences_) {
    const std::span<const TokenId> tokens = held.sequence->tokens();
    const size_t common = CommonTokens(tokens, prompt);
    const size_t kept = held.sequence->CouldKeep(common), lost = tokens.size() - common;
    if (kept == 0 || kept < most || (kept == most && lost >= least_lost)) continue;
    most = kept;
    least_lost = lost;
    best = &held;
  }
  return best;
}

HeldSequence IdleSequences::TakeFor(std::span<const TokenId> prompt) {
  const HeldSequence* best = BestFor(prompt);
  if (best == nullptr) return {};
  const std::span<const TokenId> tokens = best->sequence->tokens();
  if (8 * (tokens.size() - CommonTokens(tokens, prompt)) > tokens.size()) return {};
  const auto place =
      std::ranges::find_if(sequences_, [&](const HeldSequence& held) { return &held == best; });
  HeldSequence taken = std::move(*place);
  sequences_.erase(place);
  return taken;
}

size_t IdleSequences::MostInCommon(std::span<const TokenId> prompt) const noexcept {
  size_t most = 0;
  for (const HeldSequence& held : sequences_) {
    most = std::max(most, CommonTokens(held.sequence->tokens(), prompt));
  }
  return most;
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
