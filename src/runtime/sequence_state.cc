#include "runtime/sequence_state.h"

namespace hlwq::runtime {
namespace {

void Assign(const model::RecurrentState& from, model::RecurrentState& to) {
  if (to.is_empty()) {
    to = from.Copy();
  } else if (!from.is_empty()) {
    to.CopyFrom(from);
  }
}

}  // namespace

SequenceState::SequenceState(const model::ModelConfig& config, const KvCacheOptions& options)
    : kv_(config, options), recurrent_(config) {}

void SequenceState::Clear() noexcept {
  kv_.Truncate(0);
  recurrent_.Clear();
  moment_length_ = 0;
}

size_t SequenceState::Rewind(size_t length) noexcept {
  if (length >= kv_.length()) return kv_.length();
  if (!is_recurrent()) {
    kv_.Truncate(length);
  } else if (moment_length_ != 0 && moment_length_ <= length) {
    kv_.Truncate(moment_length_);
    recurrent_.CopyFrom(moment_);
  } else {
    Clear();
  }
  return kv_.length();
}

void SequenceState::Remember() {
  if (!is_recurrent()) return;
  Assign(recurrent_, moment_);
  moment_length_ = kv_.length();
}

void SequenceState::CopyFrom(const SequenceState& other) {
  kv_.CopyFrom(other.kv_);
  recurrent_.CopyFrom(other.recurrent_);
  Assign(other.moment_, moment_);
  moment_length_ = other.moment_length_;
}

}  // namespace hlwq::runtime
