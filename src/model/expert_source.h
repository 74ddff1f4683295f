// Where the experts of a mixture are while a model multiplies with them; runtime/experts has the
// cache that reads them when they are wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/stored_matrix.h"

namespace hlwq::model {

// One expert: down(silu(gate x) * (up x)). gate and up [Im, hidden], down [hidden, Im]. Borrowed.
struct ExpertMatrices {
  StoredMatrix gate, up, down;
};

// Stored bytes.
inline uint64_t BytesOf(const ExpertMatrices& expert) noexcept {
  return BytesOf(expert.gate) + BytesOf(expert.up) + BytesOf(expert.down);
}

// An expert that can be multiplied with now.
struct ReadyExpert {
  size_t index = 0;  // into ExpertRequest::experts
  ExpertMatrices matrices;
};

// What one layer wants in one pass, and what a source remembers of it. Made once and used again,
// so that passes allocate nothing. Only its source touches what stands below `experts`.
struct ExpertRequest {
  size_t layer = 0;
  size_t tokens = 0;              // of the pass
  std::vector<uint32_t> experts;  // distinct, ascending

  std::vector<ReadyExpert> ready;  // given by the last Next
  std::vector<uint32_t> slots;     // of each expert, while it has one
  std::vector<uint8_t> states;     // of each expert
  size_t left = 0;                 // not yet given
};

// Thread: safe; passes that run at the same time share one source. None waits while it keeps others
// from going on: what Next gave is given back before the next wait.
class ExpertSource {
 public:
  virtual ~ExpertSource() = default;

  // Takes note of the request and begins to read what is not there; does not wait.
  virtual void Begin(ExpertRequest& request) = 0;
  // Experts of the request, each once over all calls, in any order; they stay until the next call
  // or End. Waits for the first of them; nothing: all have been given. Throws Error when one cannot
  // be read; End must still follow.
  virtual std::span<const ReadyExpert> Next(ExpertRequest& request) = 0;
  // Gives back what is held and forgets what was not given yet.
  virtual void End(ExpertRequest& request) noexcept = 0;
  // Experts of another layer that are likely wanted soon, most likely first. Never waits or throws.
  virtual void Prefetch(size_t layer, std::span<const uint32_t> experts) noexcept = 0;
  // Whether Prefetch does anything.
  virtual bool wants_predictions() const noexcept = 0;
};

// A request between Begin and End.
class ExpertUse {
 public:
  ExpertUse(ExpertSource& source, ExpertRequest& request) : source_(source), request_(request) {
    source_.Begin(request_);
  }
  ExpertUse(const ExpertUse&) = delete;
  ExpertUse& operator=(const ExpertUse&) = delete;
  ~ExpertUse() { source_.End(request_); }

  std::span<const ReadyExpert> Next() { return source_.Next(request_); }

 private:
  ExpertSource& source_;
  ExpertRequest& request_;
};

}  // namespace hlwq::model
