// Rows of codes times a few tokens, as passes of several sequences and drafts take them: from memory, and from the second
// cache, where only arithmetic counts. And times one token, by the width of the rows.
//
// AVX2 is that with VNNI where the processor has it.
//
// "FewTokens/<code>/<tokens>/memory|cache/<target>", and "ByWidth/<code>/<width>/<target>", from memory; "weights/ns" are products of
// one thread a nanosecond, of all tokens, "codes" the bytes of codes and multipliers that all threads read a second.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench/bench_support.h"
#include "codec/gaussian_tables.h"
#include "kernels/tile_matmul.h"
#include "tensor/float16.h"

namespace hlwq::bench {
namespace {

constexpr size_t kWide = 5632;
constexpr size_t kCacheRows = 64;      // 230 KB at 5 bits
constexpr size_t kMemoryRows = 65536;  // 230 MB of each thread: larger than any cache

std::vector<std::byte> RandomBytes(size_t size, uint64_t seed) {
  std::vector<std::byte> bytes((size + 7) / 8 * 8);
  for (size_t i = 0; i < bytes.size() / 8; ++i) {
    const uint64_t word = MixBits(seed + i);
    std::memcpy(&bytes[8 * i], &word, 8);
  }
  bytes.resize(size);
  return bytes;
}

std::vector<std::byte> Halves(size_t count) {
  std::vector<std::byte> bytes(2 * count);
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = F32ToF16(0.5f + static_cast<float>(MixBits(i) % 64) / 64);
    std::memcpy(&bytes[2 * i], &half, 2);
  }
  return bytes;
}

struct TrellisCase {
  explicit TrellisCase(int bits)
      : levels(kernels::DotLevels::OfTrellis(
            codec::TrellisTable(codec::TrellisLevels(codec::kTableTrellisGauss, bits), bits))) {}
  void Make(size_t rows, size_t width, uint64_t seed) {
    codes = RandomBytes(rows * width / 128 * codec::TrellisBlockBytes(levels.bits - 1), seed);
    multipliers = RandomBytes(rows * width / 64, seed);
    row_scales.assign(rows, F32ToBF16(1.0f));
    matrix = {{rows, width}, &levels, codes, multipliers, std::as_bytes(std::span(row_scales))};
  }
  kernels::DotLevels levels;
  std::vector<std::byte> codes, multipliers;
  std::vector<uint16_t> row_scales;
  kernels::TrellisMatrix matrix;
};

struct TiledCase {
  explicit TiledCase(int bits) : levels(codec::GaussianLevels(codec::kTableLloydMax, bits)) {}
  void Make(size_t rows, size_t width, uint64_t seed) {
    codes = RandomBytes(rows * width / 8 * static_cast<size_t>(levels.bits), seed);
    multipliers = Halves(rows * width / 128);
    matrix = {{rows, width}, &levels, codes, multipliers};
  }
  kernels::DotLevels levels;
  std::vector<std::byte> codes, multipliers;
  kernels::TiledCodedMatrix matrix;
};

template <class Case>
void FewTokens(benchmark::State& state, Case codes, size_t tokens, size_t rows, size_t width) {
  codes.Make(rows, width, state.thread_index());
  kernels::RotatedInputs inputs(tokens, width);
  for (size_t token = 0; token < tokens; ++token) {
    inputs.Set(token, GaussianMatrix(width), codes.levels.width);
  }
  std::vector<float> y(tokens * rows);
  for (auto _ : state) {
    CodedMatVecs(codes.matrix, inputs, {0, tokens}, {0, rows}, rows, y);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["weights/ns"] = benchmark::Counter(
      1e-9 * static_cast<double>(tokens * rows * width),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kAvgThreads);
  state.counters["codes"] = benchmark::Counter(
      static_cast<double>(codes.codes.size() + codes.multipliers.size()),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kAvgThreads);
}

const bool registered = [] {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const auto by_threads = [](benchmark::internal::Benchmark* bench) {
      bench->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMicrosecond);
    };
    const auto add = [&](const std::string& label, const auto& codes) {
      for (const size_t tokens : {1, 2, 4, 6, 8, 12, 16}) {
        for (const size_t rows : {kMemoryRows, kCacheRows}) {
          const std::string name = "FewTokens/" + label + "/" + std::to_string(tokens) + "/" +
                                   (rows == kMemoryRows ? "memory" : "cache") + "/" +
                                   hwy::TargetName(target);
          by_threads(benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
            if (state.thread_index() == 0) UseTarget(target);
            FewTokens(state, codes, tokens, rows, kWide);
          }));
        }
      }
      for (const size_t width : {640, 1536, 4096}) {
        const std::string name =
            "ByWidth/" + label + "/" + std::to_string(width) + "/" + hwy::TargetName(target);
        by_threads(benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          if (state.thread_index() == 0) UseTarget(target);
          FewTokens(state, codes, 1, kMemoryRows * kWide / width / 16 * 16, width);
        }));
      }
    };
    for (int bits = 3; bits <= 6; ++bits) add("t" + std::to_string(bits), TrellisCase(bits));
    for (const int bits : {4, 5}) add("tiles-b" + std::to_string(bits), TiledCase(bits));
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
