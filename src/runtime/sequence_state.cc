#include "runtime/sequence_state.h"

#include <algorithm>

namespace hlwq::runtime {

SequenceState::SequenceState(const model::ModelConfig& config, KvPools& pools,
                             StateSnapshots& snapshots, size_t capacity)
    : pools_(&pools), kv_(pools, capacity), recurrent_(config), snapshots_(&snapshots) {}

SequenceState::~SequenceState() {
  for (const Moment& moment : moments_) Drop(moment);
}

model::Segment SequenceState::Next(size_t tokens) {
  kv_.Prepare(tokens);
  return {.kv = &kv_, .state = &recurrent_, .begin = 0, .end = tokens};
}

void SequenceState::Clear() noexcept {
  kv_.Truncate(0);
  recurrent_.Clear();
  mark_.reset();
  DropMomentsAfter(0);
}

size_t SequenceState::Rewind(size_t length) noexcept {
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
  recurrent_.CopyFrom(other.recurrent_);
  DropMomentsAfter(0);
  moments_ = other.moments_;
  for (const Moment& moment : moments_) {
    snapshots_->Share(moment.snapshot);
    if (moment.tail) pools_->floats().Share(*moment.tail);
  }
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
