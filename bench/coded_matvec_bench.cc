// Rows of codes times a vector, over more memory than the caches hold, beside plain reading of the
// same bytes in turns with it: "share" is the ratio of the two speeds.
//
// "CodedMatVec/b<bits>/2048x5632/<target>"; GB/s are those of codes and multipliers.
#include <sys/mman.h>

#include <algorithm>
#include <barrier>
#include <bit>
#include <chrono>
#include <cstring>
#include <new>
#include <vector>

#include "base/random.h"
#include "bench/bench_support.h"
#include "codec/gaussian_tables.h"
#include "kernels/coded_matmul.h"
#include "kernels/plain_read.h"
#include "tensor/float16.h"

namespace hlwq::bench {
namespace {

constexpr size_t kOut = 2048;
constexpr size_t kWide = 5632;
constexpr size_t kBlocks = kOut * kWide / 128;
constexpr size_t kPoolBytes = size_t{448} << 20;

// Random bytes, which are codes of any width; made once. In pages of the common size, as those of a
// mapped file are.
std::span<const std::byte> Pool() {
  static const std::span<const std::byte> pool = [] {
    void* memory =
        mmap(nullptr, kPoolBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, kPoolBytes, MADV_NOHUGEPAGE);
    auto* words = static_cast<uint64_t*>(memory);
    for (size_t i = 0; i < kPoolBytes / 8; ++i) words[i] = MixBits(i);
    return std::span(static_cast<const std::byte*>(memory), kPoolBytes);
  }();
  return pool;
}

// Multipliers for the blocks of the pool.
std::span<const std::byte> Norms() {
  static const std::vector<std::byte> norms = [] {
    constexpr size_t kMostBlocks = kPoolBytes / 16;
    std::vector<std::byte> made(2 * kMostBlocks);
    for (size_t i = 0; i < kMostBlocks; ++i) {
      const uint16_t half = F32ToF16(0.5f + static_cast<float>(MixBits(i) % 64) / 64);
      std::memcpy(&made[2 * i], &half, 2);
    }
    return made;
  }();
  return norms;
}

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

// The time below which a share `part` of the times lies.
double Quantile(std::vector<double> times, double part) {
  const auto at = static_cast<ptrdiff_t>(part * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + at, times.end());
  return times[static_cast<size_t>(at)];
}

// One matrix after another is multiplied, and in turns one half the pool away is read. The threads
// begin each of these together, on equal parts of its rows, and each takes its own time. Parts are
// below a millisecond, so that on a busy machine the quicker ones were not interrupted: "quiet" is
// what a tenth of them reach.
void MatVec(benchmark::State& state, int bits, codec::BitOrder order) {
  static std::unique_ptr<std::barrier<>> together;
  if (state.thread_index() == 0) {
    together = std::make_unique<std::barrier<>>(state.threads());
    Pool();
    Norms();
  }
  const kernels::DotLevels levels(codec::GaussianLevels(codec::kTableLloydMax, bits));
  kernels::RotatedInputs inputs(1, kWide);
  inputs.Set(0, GaussianMatrix(kWide), levels.width);
  const size_t matrix_bytes = kBlocks * codec::PackedBlockBytes(order, bits);
  const size_t matrices = kPoolBytes / matrix_bytes;
  const auto threads = static_cast<size_t>(state.threads());
  const auto index = static_cast<size_t>(state.thread_index());
  const RowRange rows = {kOut * index / threads, kOut * (index + 1) / threads};
  const size_t part_bytes = matrix_bytes / threads / 512 * 512;
  std::vector<float> y(kOut);
  std::vector<double> product_times, read_times;
  uint64_t sum = 0;
  for (auto _ : state) {
    double total = 0;
    for (size_t i = 0; i < matrices; ++i) {
      const kernels::CodedMatrix w = {{kOut, kWide},
                                      order,
                                      &levels,
                                      Pool().subspan(i * matrix_bytes, matrix_bytes),
                                      Norms().subspan(i * 2 * kBlocks, 2 * kBlocks)};
      together->arrive_and_wait();
      const auto start = std::chrono::steady_clock::now();
      CodedMatVec(w, inputs, 0, rows, y);
      const auto end = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(y.data());
      benchmark::ClobberMemory();
      product_times.push_back(Seconds(end - start));
      total += product_times.back();

      const size_t other = (i + matrices / 2) % matrices;
      together->arrive_and_wait();
      const auto read_start = std::chrono::steady_clock::now();
      sum +=
          kernels::SumBytes(Pool().subspan(other * matrix_bytes + index * part_bytes, part_bytes));
      read_times.push_back(Seconds(std::chrono::steady_clock::now() - read_start));
      benchmark::DoNotOptimize(sum);
    }
    state.SetIterationTime(total);
  }
  const double read_bytes = static_cast<double>(part_bytes * threads) * 1e-9;
  const double product_bytes = static_cast<double>(matrix_bytes + 2 * kBlocks) * 1e-9;
  for (const auto& [name, part] : {std::pair{"", 0.5}, {"_quiet", 0.1}}) {
    const double product = product_bytes / Quantile(product_times, part);
    const double read = read_bytes / Quantile(read_times, part);
    const auto average = benchmark::Counter::kAvgThreads;
    state.counters[std::string("GB/s") + name] = {product, average};
    state.counters[std::string("read") + name] = {read, average};
    state.counters[std::string("share") + name] = {product / read, average};
  }
}

const bool registered = [] {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const auto add = [&](const std::string& codes, int bits, codec::BitOrder order) {
      const std::string name = "CodedMatVec/" + codes + "/" + std::to_string(kOut) + "x" +
                               std::to_string(kWide) + "/" + hwy::TargetName(target);
      auto* bench = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        if (state.thread_index() == 0) UseTarget(target);
        MatVec(state, bits, order);
      });
      bench->Threads(1)->Threads(2)->UseManualTime()->Unit(benchmark::kMillisecond);
    };
    for (int bits = 1; bits <= 8; ++bits) {
      add("b" + std::to_string(bits), bits, codec::BitOrder::kMsb);
    }
    add("b5lsb", 5, codec::BitOrder::kLsb);
    add("b4half-nibble", 4, codec::BitOrder::kHalfNibble);
    add("b5plain", 5, codec::BitOrder::kPlain);
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
