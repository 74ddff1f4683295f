#include "calibrate/estimate.h"

#include <algorithm>

#include "base/stopwatch.h"
#include "calibrate/propagation.h"
#include "checkpoint/catalog.h"
#include "kernels/dense_matmul.h"
#include "tensor/buffer.h"

namespace hlwq::calibrate {
namespace {

using checkpoint::Role;

// Of the speed of one large product, what calibrating as a whole was measured to reach.
constexpr double kReached = 0.65;

bool IsRoutedExpert(Role role) {
  return role == Role::kExpertGate || role == Role::kExpertUp || role == Role::kExpertGateUp ||
         role == Role::kExpertDown;
}

// One matrix of those that share an input, whose Hessian is made.
bool BringsHessian(Role role) {
  switch (role) {
    case Role::kAttentionQ:
    case Role::kAttentionO:
    case Role::kLinearAttentionQkv:
    case Role::kLinearAttentionOut:
    case Role::kMlpGate:
    case Role::kMlpDown:
    case Role::kRouter:
    case Role::kExpertDown:
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertDown:
      return true;
    default:
      return false;
  }
}

}  // namespace

CalibrationWork WorkOf(const checkpoint::Checkpoint& model, const checkpoint::TextConfig& sizes,
                       const CalibrationAmount& amount) {
  CalibrationWork work;
  const auto count = static_cast<double>(amount.tokens);
  double propagated = 0;
  for (const checkpoint::TensorSpec& spec : checkpoint::ClassifyTensors(model).specs) {
    if (spec.layer < 0 || spec.shape.size() < 2) continue;
    const bool is_expert = IsRoutedExpert(spec.role);
    const double used = !is_expert || sizes.experts == 0
                            ? 1
                            : static_cast<double>(sizes.top_k) / static_cast<double>(sizes.experts);
    const auto weights = static_cast<double>(ElementCount(spec.shape).value_or(0));
    const auto in = static_cast<double>(spec.shape.back());
    work.layers += 2 * weights * used * count;
    if (!BringsHessian(spec.role)) continue;
    const double matrices = spec.shape.size() == 3 ? static_cast<double>(spec.shape.front()) : 1;
    work.hessians += in * in * matrices * used * count;
    if (WritesToStream(spec.role)) propagated += 2 * weights * count;
  }
  if (amount.writes_text) {
    work.text = work.layers + 2 * static_cast<double>(sizes.hidden * sizes.vocab) * count;
  }
  const bool propagates = Propagates(sizes);
  work.layers *= amount.walks + (propagates ? 2 : 0);
  work.hessians *= amount.walks;
  if (propagates) work.hessians += propagated;
  return work;
}

double SecondsFor(const CalibrationWork& work, WorkerPool& pool) {
  constexpr size_t kTokens = 192, kSide = 1024;
  const Buffer<float> weights(kSide * kSide), inputs(kTokens * kSide);
  Buffer<float> outputs(kTokens * kSide);
  const kernels::DenseMatrix matrix = {
      .shape = {kSide, kSide}, .dtype = DType::kF32, .data = std::as_bytes(weights.span())};
  double best = 1e9;
  for (int repetition = 0; repetition < 5; ++repetition) {
    const Stopwatch watch;
    pool.ParallelFor(kSide / 32, 1, [&](size_t begin, size_t end, int) {
      kernels::DenseMatMul(matrix, inputs.span(), kSide, kTokens, {begin * 32, end * 32}, kSide,
                           outputs.span());
    });
    best = std::min(best, watch.Seconds());
  }
  const double speed = 2.0 * kTokens * kSide * kSide / best;
  return work.total() / (speed * kReached);
}

}  // namespace hlwq::calibrate
