// Names, targets and data shared by the kernel benchmarks. Each is run with 1 and 2 threads, every
// thread on its own matrix; bytes per second is the sum over threads.
#pragma once

#include "kernels/cpu/target.h"
// After target.h, so that the targets are those of the kernels.
#include <benchmark/benchmark.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/float_rows.h"

namespace hlwq::bench {

inline constexpr size_t kRows = 512;
inline constexpr size_t kIn = 2048;

// Holds dispatch to `target`. The benchmarks run one after another.
inline void UseTarget(int64_t target) { hwy::GetChosenTarget().Update(target); }

inline std::vector<float> GaussianMatrix(size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

inline std::vector<std::byte> GaussianBf16(size_t count) {
  const std::vector<float> values = GaussianMatrix(count);
  std::vector<std::byte> narrow(2 * count);
  kernels::FromFloat(values, DType::kBF16, narrow);
  return narrow;
}

// "Op/<dtype>/512x2048/<target>", with 1 and 2 threads.
template <typename Body>
void RegisterForTargets(const std::string& op, Body body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const std::string name = op + "/" + std::to_string(kRows) + "x" + std::to_string(kIn) + "/" +
                             hwy::TargetName(target);
    auto* bench = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      if (state.thread_index() == 0) UseTarget(target);
      body(state);
    });
    bench->Threads(1)->Threads(2)->UseRealTime();
  }
}

}  // namespace hlwq::bench
