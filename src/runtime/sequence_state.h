// What a model remembers of one sequence: the keys and values of its attention, and the states of
// its gated delta nets.
#pragma once

#include <cstddef>

#include "model/layer.h"
#include "model/recurrent_state.h"
#include "runtime/kv_cache.h"

namespace hlwq::runtime {

// Keys and values can be cut back to any earlier token, states cannot: for models that have states,
// one earlier moment can be remembered. One caller at a time.
class SequenceState {
 public:
  // Throws as KvCache.
  SequenceState(const model::ModelConfig& config, const KvCacheOptions& options);

  size_t length() const noexcept { return kv_.length(); }
  size_t capacity() const noexcept { return kv_.capacity(); }
  // Whether going back needs Remember.
  bool is_recurrent() const noexcept { return !recurrent_.is_empty(); }

  // The next `tokens` tokens, for a pass that has no others. Once it is done, Advance.
  model::Segment Next(size_t tokens) noexcept { return {&kv_, &recurrent_, 0, tokens}; }
  void Advance(size_t tokens) noexcept { kv_.Advance(tokens); }

  void Clear() noexcept;
  // Goes back to at most `length` tokens, as many as it can, and returns how many they are.
  size_t Rewind(size_t length) noexcept;
  // Notes this moment for Rewind, instead of the one noted before. No effect on models without
  // states. Allocates at the first call.
  void Remember();
  // Takes over what `other`, of the same model and options, holds.
  void CopyFrom(const SequenceState& other);

 private:
  KvCache kv_;
  model::RecurrentState recurrent_;
  model::RecurrentState moment_;  // empty before the first Remember
  size_t moment_length_ = 0;      // 0: none is noted
};

}  // namespace hlwq::runtime
