// Products of codes with 512 tokens, and with a few (CodedMatVecs), "b<bits>" of hlwq and "t<bits>" of its trellis code; Gop/s
// counts a multiplication and an addition for each weight and token.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "bench/bench_support.h"
#include "codec/gaussian_tables.h"
#include "kernels/tile_matmul.h"

namespace hlwq::bench {
namespace {

constexpr size_t kTokens = 512;
constexpr size_t kFewTokens = 16;

// What both codes are made of.
struct Parts {
  std::vector<std::byte> codes, multipliers, row_scales;

  Parts(MatrixShape shape, size_t block_bytes)
      : codes((shape.in + 127) / 128 * shape.out * block_bytes),
        multipliers((shape.in + 127) / 128 * shape.out * 2, std::byte{0x2C}),
        row_scales(shape.out * codec::kRowScaleBytes, std::byte{0x2C}) {
    std::mt19937 random(1);
    for (std::byte& byte : codes) byte = static_cast<std::byte>(random());
  }
};

struct HlwqCodes {
  kernels::DotLevels levels;

  explicit HlwqCodes(int bits) : levels(codec::GaussianLevels(codec::kTableLloydMax, bits)) {}
  size_t block_bytes() const { return codec::PackedBlockBytes(codec::BitOrder::kMsb, levels.bits); }
  kernels::CodedMatrix Matrix(MatrixShape shape, const Parts& parts) const {
    return {shape, codec::BitOrder::kMsb, &levels, parts.codes, parts.multipliers, DType::kF16};
  }
};

struct TrellisCodes {
  kernels::DotLevels levels;

  explicit TrellisCodes(int bits)
      : levels(kernels::DotLevels::OfTrellis(
            codec::TrellisTable(codec::TrellisLevels(codec::kTableTrellisGauss, bits), bits))) {}
  size_t block_bytes() const { return codec::TrellisBlockBytes(levels.bits - 1); }
  kernels::TrellisMatrix Matrix(MatrixShape shape, const Parts& parts) const {
    return {shape, &levels, parts.codes, parts.multipliers, parts.row_scales};
  }
};

// One thread's share of the rows.
template <class Codes>
void MatMul(benchmark::State& state, const Codes& codes, MatrixShape shape, size_t tokens) {
  static std::optional<Parts> parts;
  static kernels::RotatedInputs inputs;
  if (state.thread_index() == 0) {
    parts.emplace(shape, codes.block_bytes());
    inputs = kernels::RotatedInputs(tokens, shape.in);
    const std::vector<float> x = GaussianMatrix(tokens * shape.in);
    for (size_t t = 0; t < tokens; ++t) {
      inputs.Set(t, std::span(x).subspan(t * shape.in, shape.in), codes.levels.width);
    }
  }
  const auto threads = static_cast<size_t>(state.threads());
  const size_t share = (shape.out / threads + kernels::kMatMulRows - 1) / kernels::kMatMulRows *
                       kernels::kMatMulRows;
  const size_t begin =
      std::min<size_t>(shape.out, share * static_cast<size_t>(state.thread_index()));
  const RowRange rows{begin, std::min<size_t>(shape.out, begin + share)};
  std::vector<float> y(tokens * shape.out);
  for (auto _ : state) {
    if (tokens <= kFewTokens) {
      kernels::CodedMatVecs(codes.Matrix(shape, *parts), inputs, {0, tokens}, rows, shape.out, y);
    } else {
      kernels::CodedMatMul(codes.Matrix(shape, *parts), inputs, {0, tokens}, rows, shape.out, y);
    }
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  const double ops = 2.0 * static_cast<double>(tokens * rows.size() * shape.in);
  state.counters["op/s"] = benchmark::Counter(ops * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

#if HWY_ARCH_X86_64

// Twelve sums are enough to hide the latency. Highway asks the CPU for VNNI but not the compiler.
__attribute__((target("avx512f"))) void DotLoop(int64_t steps) {
  __asm__ volatile(
      "0:\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm0\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm1\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm2\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm3\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm4\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm5\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm6\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm7\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm8\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm9\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm10\n"
      "vpdpbusd %%zmm12, %%zmm12, %%zmm11\n"
      "dec %0\n"
      "jnz 0b\n"
      : "+r"(steps)
      :
      : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12");
}

void DotPeak(benchmark::State& state) {
  constexpr int64_t kLoops = 100000;
  for (auto _ : state) DotLoop(kLoops);
  const double ops = 2.0 * 64 * 12 * kLoops;
  state.counters["op/s"] = benchmark::Counter(ops * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

#endif

template <class Codes>
void Register(const std::string& label, const Codes& codes, MatrixShape shape, size_t tokens) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target == HWY_SCALAR) continue;  // seconds a product
    const std::string name = std::string(tokens <= kFewTokens ? "CodedMatVecs/" : "CodedMatMul/") +
                             label + "/" + std::to_string(tokens) + "x" +
                             std::to_string(shape.out) + "x" + std::to_string(shape.in) + "/" +
                             hwy::TargetName(target);
    auto* bench = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      if (state.thread_index() == 0) UseTarget(target);
      MatMul(state, codes, shape, tokens);
    });
    bench->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMillisecond);
  }
}

const bool registered = [] {
#if HWY_ARCH_X86_64
  if ((hwy::SupportedTargets() & HWY_AVX3_DL) != 0) {
    benchmark::RegisterBenchmark("DotPeak/u8/AVX3_DL", DotPeak)
        ->Threads(1)
        ->Threads(2)
        ->UseRealTime();
  }
#endif
  const auto add_both = [](int bits, MatrixShape shape, size_t tokens) {
    Register("b" + std::to_string(bits), HlwqCodes(bits), shape, tokens);
    if (bits < codec::kMinTrellisBits || bits > codec::kMaxTrellisBits) return;
    Register("t" + std::to_string(bits), TrellisCodes(bits), shape, tokens);
  };
  for (int bits = 1; bits <= 8; ++bits) add_both(bits, {2048, 5632}, kTokens);
  for (const size_t tokens : {1, 2, 4, 8, 16, 32, 64, 128}) add_both(5, {2048, 5632}, tokens);
  for (const MatrixShape shape :
       {MatrixShape{5632, 2048}, {2048, 2048}, {256, 2048}, {576, 1536}}) {
    add_both(5, shape, kTokens);
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
