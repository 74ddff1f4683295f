// Rows of codes times a vector, over more memory than the caches hold, beside plain reading of the
// same bytes in turns with it: "share" is the ratio of the two speeds.
//
// "CodedMatVec/b<bits>/2048x5632/<target>", with rows interleaved "tiles-b<bits>", of the trellis code
// "t<bits>"; GB/s are those of codes and multipliers.
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
#include "kernels/tile_matmul.h"
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

// Matrices of hlwq codes that lie one after another in the pool.
class HlwqCodes {
 public:
  HlwqCodes(int bits, codec::BitOrder order)
      : order_(order), levels_(codec::GaussianLevels(codec::kTableLloydMax, bits)) {}

  const kernels::DotLevels& levels() const { return levels_; }
  size_t code_bytes() const { return kBlocks * codec::PackedBlockBytes(order_, levels_.bits); }
  size_t multiplier_bytes() const { return 2 * kBlocks; }
  kernels::CodedMatrix Matrix(size_t index) const {
    return {{kOut, kWide},
            order_,
            &levels_,
            Pool().subspan(index * code_bytes(), code_bytes()),
            Norms().subspan(index * 2 * kBlocks, 2 * kBlocks)};
  }

 private:
  codec::BitOrder order_;
  kernels::DotLevels levels_;
};

// Of the trellis code. Norms serve as scales: all bytes are.
class TrellisCodes {
 public:
  explicit TrellisCodes(int bits)
      : levels_(kernels::DotLevels::OfTrellis(
            codec::TrellisTable(codec::TrellisLevels(codec::kTableTrellisGauss, bits), bits))) {}

  const kernels::DotLevels& levels() const { return levels_; }
  size_t code_bytes() const { return kBlocks * codec::TrellisBlockBytes(levels_.bits - 1); }
  size_t multiplier_bytes() const { return 2 * kBlocks + kOut * codec::kRowScaleBytes; }
  kernels::TrellisMatrix Matrix(size_t index) const {
    static const std::vector<uint16_t> ones(kOut, F32ToBF16(1.0f));
    return {{kOut, kWide},
            &levels_,
            Pool().subspan(index * code_bytes(), code_bytes()),
            Norms().subspan(index * 2 * kBlocks, 2 * kBlocks),
            std::as_bytes(std::span(ones))};
  }

 private:
  kernels::DotLevels levels_;
};

// The same with rows interleaved. Norms serve as those of tiles.
class TiledHlwqCodes {
 public:
  explicit TiledHlwqCodes(int bits) : levels_(codec::GaussianLevels(codec::kTableLloydMax, bits)) {}

  const kernels::DotLevels& levels() const { return levels_; }
  size_t code_bytes() const { return kBlocks * 16 * static_cast<size_t>(levels_.bits); }
  size_t multiplier_bytes() const { return 2 * kBlocks; }
  kernels::TiledCodedMatrix Matrix(size_t index) const {
    return {{kOut, kWide},
            &levels_,
            Pool().subspan(index * code_bytes(), code_bytes()),
            Norms().subspan(index * 2 * kBlocks, 2 * kBlocks)};
  }

 private:
  kernels::DotLevels levels_;
};

// One matrix after another is multiplied, and in turns one half the pool away is read. The threads
// begin each of these together, on equal parts of its rows, and each takes its own time. Parts are
// below a millisecond, so that on a busy machine the quicker ones were not interrupted: "quiet" is
// what a tenth of them reach.
template <class Codes>
void MatVec(benchmark::State& state, const Codes& codes) {
  static std::unique_ptr<std::barrier<>> together;
  if (state.thread_index() == 0) {
    together = std::make_unique<std::barrier<>>(state.threads());
    Pool();
    Norms();
  }
  kernels::RotatedInputs inputs(1, kWide);
  inputs.Set(0, GaussianMatrix(kWide), codes.levels().width);
  const size_t matrix_bytes = codes.code_bytes();
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
      const auto w = codes.Matrix(i);
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
  const double product_bytes = static_cast<double>(matrix_bytes + codes.multiplier_bytes()) * 1e-9;
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
    const auto add = [&](const std::string& label, const auto& codes) {
      const std::string name = "CodedMatVec/" + label + "/" + std::to_string(kOut) + "x" +
                               std::to_string(kWide) + "/" + hwy::TargetName(target);
      auto* bench = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        if (state.thread_index() == 0) UseTarget(target);
        MatVec(state, codes);
      });
      bench->Threads(1)->Threads(2)->UseManualTime()->Unit(benchmark::kMillisecond);
    };
    for (int bits = 1; bits <= 8; ++bits) {
      add("b" + std::to_string(bits), HlwqCodes(bits, codec::BitOrder::kMsb));
    }
    add("b5lsb", HlwqCodes(5, codec::BitOrder::kLsb));
    add("b4half-nibble", HlwqCodes(4, codec::BitOrder::kHalfNibble));
    add("b5plain", HlwqCodes(5, codec::BitOrder::kPlain));
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      add("t" + std::to_string(bits), TrellisCodes(bits));
    }
    for (const int bits : {4, 5}) {
      add("tiles-b" + std::to_string(bits), TiledHlwqCodes(bits));
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
