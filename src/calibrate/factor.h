// From a Hessian to the feedback between columns: H = (I + U) D (I + U)^T.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/worker_pool.h"
#include "codec/codec.h"
#include "codec/feedback.h"
#include "tensor/buffer.h"

namespace hlwq::calibrate {

// H [n, n] of inputs, in the basis of a codec: [FeedbackColumns(n)] squared. In place where that is n.
Buffer<float> InFeedbackBasis(Buffer<float> hessian, size_t columns, const codec::Codec& codec,
                              WorkerPool& pool);

// Which columns make good for which: as they lie, or the ones that errors cost most in first, when many
// others are left to make good.
enum class ColumnOrder : uint8_t { kAsTheyLie, kLargestFirst };

// Factors H + damping * (median of its diagonal) * I, [columns, columns], which is used up; with more damping
// where float32 needs it. Null where all of H is zero: then no column can make good for another. H is finite
// and damping above 0. Cost: columns^3 / 3 multiply-adds; memory: half
// of H again, and all of it while columns are sorted. The result does not depend on the number of threads.
std::shared_ptr<const codec::Feedback> FactorFeedback(Buffer<float> hessian, size_t columns,
                                                      double damping, ColumnOrder order,
                                                      WorkerPool& pool);

// All of it for a codec, from the normalised H of the inputs of some tokens, which is used up: damping counts more
// where tokens are few and do not say how columns depend on each other.
std::shared_ptr<const codec::Feedback> MakeFeedback(Buffer<float> hessian, size_t columns,
                                                    uint64_t tokens, double damping,
                                                    const codec::Codec& codec, WorkerPool& pool);

}  // namespace hlwq::calibrate
