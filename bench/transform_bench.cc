// The transform alone and the conversions; GB/s of float32, and of 16-bit input or output.
#include "bench/bench_support.h"
#include "kernels/float_rows.h"
#include "kernels/fwht.h"

namespace hlwq::bench {
namespace {

constexpr size_t kCount = 1 << 16;  // stays in the second-level cache

void Fwht(benchmark::State& state) {
  std::vector<float> values(kCount);  // zeros: repeated transforms of anything else would overflow
  for (auto _ : state) {
    kernels::Fwht128Blocks(values);
    benchmark::DoNotOptimize(values.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(4 * kCount) * state.iterations());
}

void ToFloat(benchmark::State& state, DType dtype) {
  const std::vector<std::byte> narrow = GaussianBf16(kCount);
  std::vector<float> wide(kCount);
  for (auto _ : state) {
    kernels::ToFloat(dtype, narrow, wide);
    benchmark::DoNotOptimize(wide.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(narrow.size()) * state.iterations());
}

void FromFloat(benchmark::State& state, DType dtype) {
  const std::vector<float> wide = GaussianMatrix(kCount);
  std::vector<std::byte> narrow(2 * kCount);
  for (auto _ : state) {
    kernels::FromFloat(wide, dtype, narrow);
    benchmark::DoNotOptimize(narrow.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(narrow.size()) * state.iterations());
}

const bool registered = [] {
  RegisterForTargets("Fwht128/f32", Fwht);
  RegisterForTargets("ToFloat/bf16", [](auto& state) { ToFloat(state, DType::kBF16); });
  RegisterForTargets("ToFloat/f16", [](auto& state) { ToFloat(state, DType::kF16); });
  RegisterForTargets("FromFloat/bf16", [](auto& state) { FromFloat(state, DType::kBF16); });
  RegisterForTargets("FromFloat/f16", [](auto& state) { FromFloat(state, DType::kF16); });
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
