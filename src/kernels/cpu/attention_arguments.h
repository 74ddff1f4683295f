// What the target-specific parts of attention are given.
#pragma once

#include <cstddef>

#include "kernels/attention.h"

namespace hlwq::kernels {

// The spans [first, last) of positions of the problem's queries. With `parts` each goes there; else all are
// merged and finished.
struct SpansToAttend {
  size_t first, last;
  float* parts = nullptr;
};

// Queries [query_begin, query_end) and a kv head of the problem. In a file of its own, as there is much of it.
void AttendToCoded(const AttentionProblem& problem, const KvPages& cache, const CodedKvPages& coded,
                   size_t kv_head, size_t query_begin, size_t query_end,
                   const SpansToAttend& spans) noexcept;

}  // namespace hlwq::kernels
