#include "runtime/sequence_state.h"

#include <algorithm>
#include <limits>

namespace hlwq::runtime {
namespace {

// Pieces of gated delta nets have the same bits where they begin at a multiple of so many tokens.
constexpr size_t kDeltaChunk = 16;

size_t MostPlainTokens(const model::ModelConfig& config) noexcept {
  if (config.rope.scaling != checkpoint::RopeScaling::kDynamic) {
    return std::numeric_limits<size_t>::max();
  }
  return static_cast<size_t>(config.rope.original_positions);
}

}  // namespace

SequenceState::SequenceState(const model::ModelConfig& config, KvPools& pools,
                             StateSnapshots& snapshots, size_t capacity)
    : pools_(&pools),
      most_plain_tokens_(MostPlainTokens(config)),
      kv_(pools, capacity),
      recurrent_(config),
      snapshots_(&snapshots) {}

SequenceState::~SequenceState() {
  for (const Moment& moment : moments_) Drop(moment);
}

model::Segment SequenceState::Next(size_t tokens) {
  kv_.Prepare(tokens);
  return {.kv = &kv_, .state = &recurrent_, .begin = 0, .end = tokens};
}

void SequenceState::Advance(size_t tokens) noexcept {
  const size_t begin = length();
  kv_.Advance(tokens);
  const bool is_long = tokens > model::kShortSegment && length() <= most_plain_tokens_ &&
                       (!is_recurrent() || begin % kDeltaChunk == 0);
  if (is_long && prompt_tokens_ == begin) prompt_tokens_ = length();
}

void SequenceState::Clear() noexcept {
  kv_.Truncate(0);
  prompt_tokens_ = 0;
  recurrent_.Clear();
  mark_.reset();
  DropMomentsAfter(0);
}

size_t SequenceState::Rewind(size_t length) noexcept {
  const size_t left = Cut(length);
  prompt_tokens_ = std::min(prompt_tokens_, left);
  return left;
}

size_t SequenceState::Cut(size_t length) noexcept {
  if (length >= kv_.length()) return kv_.length();
  if (!is_recurrent()) {
    kv_.Truncate(length);
    return kv_.length();
  }
  DropMomentsAfter(length);
  if (mark_ && *mark_ > length) mark_.reset();
  while (!moments_.empty() && !(mark_ && *mark_ >= moments_.back().length)) {
    Moment& moment = moments_.back();
    const model::RecurrentState* state = snapshots_->Find(moment.snapshot);
    if (state != nullptr && kv_.ShowsAll(moment.length)) {
      // What a conversation begins with is what others have in common with it: as long as it goes on, that stays.
      snapshots_->Find(moments_.front().snapshot);
      recurrent_.CopyFrom(*state);
      if (moment.tail) pools_->floats().Share(*moment.tail);
      kv_.Truncate(moment.length, moment.tail);
      return kv_.length();
    }
    Drop(moment);
    moments_.pop_back();
  }
  if (mark_) {
    kv_.Truncate(*mark_);
    if (kv_.length() == *mark_) {  // else the mark is long ago
      recurrent_.CopyFrom(marked_);
      return kv_.length();
    }
  }
  Clear();
  return 0;
}

size_t SequenceState::LengthAfterRewind(size_t length) const noexcept {
  if (length >= kv_.length() || !is_recurrent()) return kv_.LengthAfterTruncate(length);
  size_t best = 0;
  if (mark_ && *mark_ <= length && kv_.LengthAfterTruncate(*mark_) == *mark_) best = *mark_;
  for (const Moment& moment : moments_) {
    if (moment.length > best && moment.length <= length && snapshots_->Has(moment.snapshot) &&
        kv_.ShowsAll(moment.length)) {
      best = moment.length;
    }
  }
  return best;
}

void SequenceState::Remember() {
  if (!is_recurrent()) return;
  if (!moments_.empty() && moments_.back().length == kv_.length() &&
      snapshots_->Find(moments_.back().snapshot) != nullptr) {
    return;
  }
  moments_.push_back({kv_.length(), snapshots_->Keep(recurrent_), kv_.ShareTail()});
}

void SequenceState::Mark() {
  if (!is_recurrent()) return;
  if (marked_.is_empty()) {
    marked_ = recurrent_.Copy();
  } else {
    marked_.CopyFrom(recurrent_);
  }
  mark_ = kv_.length();
}

void SequenceState::ForkFrom(const SequenceState& other) {
  if (&other == this) return;
  mark_.reset();
  kv_.ForkFrom(other.kv_);
  prompt_tokens_ = other.prompt_tokens_;
  recurrent_.CopyFrom(other.recurrent_);
  DropMomentsAfter(0);
  moments_ = other.moments_;
  for (const Moment& moment : moments_) {
    snapshots_->Share(moment.snapshot);
    if (moment.tail) pools_->floats().Share(*moment.tail);
  }
}

std::vector<SequenceState::Noted> SequenceState::noted() const {
  std::vector<Noted> noted;
  const KvPagePool& floats = pools_->floats();
  for (const Moment& moment : moments_) {
    const model::RecurrentState* state = snapshots_->Find(moment.snapshot);
    if (state == nullptr) continue;
    noted.push_back({.length = moment.length, .state = state});
    if (moment.tail) noted.back().tail = {floats.At(*moment.tail), floats.page_bytes()};
  }
  return noted;
}

std::span<std::byte> SequenceState::AddMoment(size_t length, const model::RecurrentState& state,
                                              bool has_tail) {
  moments_.push_back({length, snapshots_->Keep(state), std::nullopt});
  if (!has_tail) return {};
  KvPagePool& floats = pools_->floats();
  const PageId tail = floats.Take();
  moments_.back().tail = tail;
  return {floats.At(tail), floats.page_bytes()};
}

void SequenceState::Adopt(size_t length, size_t prompt_tokens) {
  kv_.Adopt(length);
  prompt_tokens_ = std::min(prompt_tokens, length);
}

void SequenceState::Drop(const Moment& moment) noexcept {
  snapshots_->Drop(moment.snapshot);
  if (moment.tail) pools_->floats().Drop(*moment.tail);
}

void SequenceState::DropMomentsAfter(size_t length) noexcept {
  while (!moments_.empty() && moments_.back().length > length) {
    Drop(moments_.back());
    moments_.pop_back();
  }
}

}  // namespace hlwq::runtime
