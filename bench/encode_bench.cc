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
    if (part.bytes_per_row > 0) buffers.emplace_back(part.bytes);
  }
  const std::vector<std::span<std::byte>> row_parts(buffers.begin(), buffers.end());
  for (auto _ : state) {
    codec::ErrorStats stats;
    codec->EncodeRowsFrom(DType::kBF16, weights, kIn, 0, row_parts, stats);
    benchmark::DoNotOptimize(stats);
  }
  state.SetBytesProcessed(static_cast<int64_t>(weights.size()) * state.iterations());
}

void Register(codec::CodecSpec spec, int bits, const char* rule) {
  spec.bits = bits;
  spec.scale_rule = rule;
  const std::string op = "Encode/" + spec.name + "/" + std::to_string(bits) + "/" + rule;
  RegisterForTargets(op + "/bf16", [=](benchmark::State& state) { Encode(state, spec); });
}

const bool registered = [] {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const char* rule : {"search", "norm"}) Register(codec::CodecSpec{}, bits, rule);
  }
  for (int bits = 2; bits <= 6; ++bits) {
    for (const char* rule : {"fast", "default", "best"}) {
      Register(codec::DefaultSpec(codec::kTrellisCodec), bits, rule);
    }
  }
  for (const int bits : {4, 8}) {
    for (const char* rule : {"mse", "absmax"}) {
      Register(codec::DefaultSpec(codec::kPackQuantizedCodec), bits, rule);
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
