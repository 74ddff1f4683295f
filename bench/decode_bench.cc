// Codes in memory to BF16 rows; GB/s of BF16 output.
#include <array>
#include <span>

#include "bench/bench_support.h"
#include "kernels/cpu_backend.h"

namespace hlwq::bench {
namespace {

void Decode(benchmark::State& state, const codec::CodecSpec& spec) {
  const auto codec = kernels::CpuBackend().MakeCodec(spec);
  const std::vector<float> weights = GaussianMatrix(kRows * kIn);
  const auto parts = codec->Parts({kRows, kIn});
  std::vector<std::byte> packed(parts[0].bytes), norms(parts[1].bytes);
  const std::array<std::span<std::byte>, 2> row_parts = {packed, norms};
  codec::ErrorStats stats;
  codec->EncodeRows(weights, kIn, 0, row_parts, stats);
  const std::array<std::span<const std::byte>, 2> coded = {packed, norms};
  std::vector<std::byte> out(2 * weights.size());
  for (auto _ : state) {
    codec->DecodeRowsTo(DType::kBF16, coded, kIn, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(out.size()) * state.iterations());
}

const bool registered = [] {
  for (int bits = 1; bits <= 8; ++bits) {
    // Every rule decodes alike.
    const codec::CodecSpec spec = {
        codec::HlwqParameters{.scale_rule = codec::ScaleRule::kNorm}, bits, {}};
    RegisterForTargets("Decode" + std::to_string(bits) + "/bf16",
                       [=](benchmark::State& state) { Decode(state, spec); });
  }
  for (int bits = 2; bits <= 8; ++bits) {
    const codec::CodecSpec spec = {
        codec::PackQuantizedParameters{.scale_rule = codec::IntScaleRule::kAbsmax}, bits, {}};
    RegisterForTargets("Decode/pack-quantized/" + std::to_string(bits) + "/bf16",
                       [=](benchmark::State& state) { Decode(state, spec); });
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
