// Sums of outer products, a tile of a Hessian: op/s counts a multiplication and an addition for each token and
// sum; beside FloatPeak, what fused multiply-adds in registers reach.
#include <span>

#include "bench/bench_support.h"
#include "kernels/outer_products.h"
#include "tensor/buffer.h"

namespace hlwq::bench {
namespace {

void OuterProducts(benchmark::State& state) {
  constexpr size_t kTokens = 512, kLeft = 96, kRight = 288, kWidth = 1536;
  const std::vector<float> values = GaussianMatrix(kTokens * kWidth);
  const kernels::RowSpan<const float> inputs(std::span<const float>(values), kWidth);
  Buffer<float> sums(kLeft * kRight);
  for (auto _ : state) {
    kernels::AddOuterProducts(inputs.Columns(kRight, kLeft), inputs.Columns(0, kRight), kRight,
                              sums.span());
    benchmark::DoNotOptimize(sums.data());
    benchmark::ClobberMemory();
  }
  state.counters["op/s"] =
      benchmark::Counter(2.0 * kTokens * kLeft * kRight * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}

const bool registered = [] {
  RegisterForTargets("OuterProducts", OuterProducts);
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
