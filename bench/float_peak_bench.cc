// Fused multiply-adds in registers: the op/s that float products are held against.
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/float_peak_bench.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// `count` times twelve multiply-adds of whole vectors, none of which waits for another. Returns the
// number of operations in each of them.
size_t MultiplyAdd(size_t count, float factor, float* result) {
  constexpr size_t kChains = 12;
  const VF factors = hn::Set(DF(), factor);
  VF sums[kChains];
  for (size_t i = 0; i < kChains; ++i) sums[i] = hn::Set(DF(), static_cast<float>(i));
  for (size_t n = 0; n < count; ++n) {
    for (VF& sum : sums) sum = hn::MulAdd(sum, factors, factors);
  }
  VF all = sums[0];
  for (size_t i = 1; i < kChains; ++i) all = hn::Add(all, sums[i]);
  *result = SumLanes(all);
  return 2 * kLanes * kChains;
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "bench/bench_support.h"

namespace hlwq::kernels {
HWY_EXPORT(MultiplyAdd);
namespace {

void FloatPeak(benchmark::State& state) {
  constexpr size_t kCount = 1 << 16;
  float factor = 0.5f, result = 0;
  size_t ops = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(factor);
    ops += kCount * HWY_DYNAMIC_DISPATCH(MultiplyAdd)(kCount, factor, &result);
    benchmark::DoNotOptimize(result);
  }
  state.counters["op/s"] =
      benchmark::Counter(static_cast<double>(ops), benchmark::Counter::kIsRate);
}

const bool registered = [] {
  bench::RegisterForTargets("FloatPeak", FloatPeak);
  return true;
}();

}  // namespace
}  // namespace hlwq::kernels
#endif
