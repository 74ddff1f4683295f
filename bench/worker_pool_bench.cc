// What one parallel region costs: WorkerPool against oneTBB and a spin barrier. 16 pieces a region,
// of nothing or of 2 microseconds of one core altogether, back to back; and after a pause in which
// the threads may fall asleep. Time is that of one region.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include "base/cpu_pause.h"
#include "base/worker_pool.h"
#include "bench/region_peers.h"

namespace hlwq::bench {
namespace {

constexpr size_t kPieces = 16;

// Arithmetic that the compiler cannot shorten; its length in time is measured once.
void Work(size_t steps) {
  size_t value = steps;
  for (size_t step = 0; step < steps; ++step) benchmark::DoNotOptimize(value = value * 3 + 1);
}

size_t StepsPerPiece(double region_us) {
  if (region_us == 0) return 0;
  constexpr size_t kSteps = 1 << 20;
  double best_us = 1e30;
  for (int repeat = 0; repeat < 10; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    Work(kSteps);
    const std::chrono::duration<double, std::micro> us = std::chrono::steady_clock::now() - begin;
    best_us = std::min(best_us, us.count());
  }
  return static_cast<size_t>(region_us / kPieces * kSteps / best_us);
}

template <typename Regions>
void Region(benchmark::State& state, double work_us) {
  const size_t steps = StepsPerPiece(work_us);
  Regions regions(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    regions.ParallelFor(kPieces, 1, [&](size_t begin, size_t end, int) {
      for (size_t piece = begin; piece < end; ++piece) Work(steps);
    });
  }
}

template <typename Regions>
void RegionAfterPause(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Regions regions(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const Clock::time_point pause_end = Clock::now() + std::chrono::microseconds(300);
    Clock::time_point begin;
    while ((begin = Clock::now()) < pause_end) CpuPause();
    regions.ParallelFor(kPieces, 1, [](size_t, size_t, int) {});
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
}

template <typename Regions>
void Register(const std::string& name) {
  for (const double work_us : {0.0, 2.0}) {
    const std::string work = work_us == 0 ? "/empty" : "/2us";
    benchmark::RegisterBenchmark(("Region/" + name + work).c_str(),
                                 [=](benchmark::State& state) { Region<Regions>(state, work_us); })
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RegisterBenchmark(("Region/" + name + "/empty_after_300us").c_str(),
                               RegionAfterPause<Regions>)
      ->ArgName("threads")
      ->Arg(2)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

const bool registered = [] {
  Register<WorkerPool>("WorkerPool");
  Register<TbbRegions<tbb::static_partitioner>>("TbbStatic");
  Register<TbbRegions<tbb::auto_partitioner>>("TbbAuto");
  Register<SpinBarrier>("SpinBarrier");
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
