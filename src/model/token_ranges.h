// How the tokens of a pass are handed out to the threads.
#pragma once

#include <cstddef>

#include "base/function_ref.h"
#include "base/worker_pool.h"
#include "kernels/row_span.h"

namespace hlwq::model {

using kernels::TokenRange;

// Calls body(range) for disjoint ranges that cover the tokens [0, tokens), or other rows: in one
// parallel region where there are several. A range takes one dispatch for each operation, and is small
// enough for its rows to be in the cache yet when the next operation comes. Which ranges there are
// changes from run to run: results must not depend on it. Allocates nothing.
void ForTokenRanges(WorkerPool& pool, size_t tokens,
                    FunctionRef<void(TokenRange range)> body) noexcept;

}  // namespace hlwq::model
