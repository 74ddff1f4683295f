// BF16 rows in memory to codes, multipliers and error figures; GB/s of BF16 input.
#include <array>
#include <span>

#include "bench/bench_support.h"
#include "kernels/cpu_backend.h"

namespace hlwq::bench {
namespace {

void Encode(benchmark::State& state, int bits, const char* rule) {
  codec::CodecSpec spec;
  spec.bits = bits;
  spec.scale_rule = rule;
  const auto codec = kernels::CpuBackend().MakeCodec(spec);
  const std::vector<std::byte> weights = GaussianBf16(kRows * kIn);
  const auto parts = codec->Parts({kRows, kIn});
  std::vector<std::byte> packed(parts[0].bytes), norms(parts[1].bytes);
  const std::array<std::span<std::byte>, 2> row_parts = {packed, norms};
  for (auto _ : state) {
    codec::ErrorStats stats;
    codec->EncodeRowsFrom(DType::kBF16, weights, kIn, 0, row_parts, stats);
    benchmark::DoNotOptimize(stats);
  }
  state.SetBytesProcessed(static_cast<int64_t>(weights.size()) * state.iterations());
}

const bool registered = [] {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const char* rule : {"search", "norm"}) {
      const std::string op = "Encode" + std::to_string(bits) + rule;
      RegisterForTargets(op + "/bf16", [=](benchmark::State& state) { Encode(state, bits, rule); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
