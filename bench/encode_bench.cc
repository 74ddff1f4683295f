// BF16 rows in memory to codes, multipliers and error figures; GB/s of BF16 input.
#include <span>
#include <vector>

#include "bench/bench_support.h"
#include "kernels/cpu_backend.h"

namespace hlwq::bench {
namespace {

void Encode(benchmark::State& state, const codec::CodecSpec& spec) {
  const auto codec = kernels::CpuBackend().MakeCodec(spec);
  const std::vector<std::byte> weights = GaussianBf16(kRows * kIn);
  const auto parts = codec->Parts({kRows, kIn});
  std::vector<std::vector<std::byte>> buffers;
  for (const codec::Part& part : parts) {
    if (!part.is_constant()) buffers.emplace_back(part.bytes);
  }
  const std::vector<std::span<std::byte>> row_parts(buffers.begin(), buffers.end());
  for (auto _ : state) {
    codec::ErrorStats stats;
    codec->EncodeRowsFrom(DType::kBF16, weights, kIn, 0, row_parts, stats);
    benchmark::DoNotOptimize(stats);
  }
  state.SetBytesProcessed(static_cast<int64_t>(weights.size()) * state.iterations());
}

void Register(codec::CodecParameters parameters, int bits) {
  const codec::CodecSpec spec = {std::move(parameters), bits, {}};
  const codec::SpecWords words = codec::DescribeSpec(spec);
  const std::string op =
      "Encode/" + words.name + "/" + std::to_string(bits) + "/" + words.scale_rule;
  RegisterForTargets(op + "/bf16", [=](benchmark::State& state) { Encode(state, spec); });
}

const bool registered = [] {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const auto rule : {codec::ScaleRule::kSearch, codec::ScaleRule::kNorm}) {
      Register(codec::HlwqParameters{.scale_rule = rule}, bits);
    }
  }
  for (int bits = 2; bits <= 6; ++bits) {
    for (const char* effort : {"fast", "default", "best"}) {
      Register(codec::TrellisParameters{.effort = effort}, bits);
    }
  }
  for (const int bits : {4, 8}) {
    for (const auto rule : {codec::IntScaleRule::kMse, codec::IntScaleRule::kAbsmax}) {
      Register(codec::PackQuantizedParameters{.scale_rule = rule}, bits);
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
