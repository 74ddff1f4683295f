// The delta rule of one head of 128 keys and 128 values, as Qwen3-Next and Qwen3.5 have.
//
// Step: one token for each of many heads one after another, whose states come from memory, or for
// one head, whose state stays in the second level cache. GB/s of states read and written; Sweep
// only multiplies the same states by a number, which is what the step is held against. Prefill: 512
// tokens of one head, in rows of 8192 elements as the projection of a model leaves them; op/s
// counts the three products with the state that the recurrence has, to be held against FloatPeak.
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/delta_rule_bench.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#include "kernels/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

void Sweep(float factor, float* values, size_t count) {
  for (size_t i = 0; i < count; i += kLanes) {
    hn::Store(hn::Mul(hn::Set(DF(), factor), hn::Load(DF(), values + i)), DF(), values + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>
#include <span>

#include "bench/bench_support.h"
#include "kernels/delta_rule.h"
#include "kernels/vector_ops.h"
#include "tensor/buffer.h"

namespace hlwq::kernels {
HWY_EXPORT(Sweep);
namespace {

constexpr size_t kDim = 128;
constexpr size_t kStateSize = kDim * kDim;
constexpr size_t kManyHeads = 2048;  // 128 MiB of states

// Rows of q, k and v of some tokens, and their gates.
struct Tokens {
  Tokens(size_t count, size_t stride) : rows(count * stride), out(count * kDim), gates(2 * count) {
    const std::vector<float> data = bench::GaussianMatrix(rows.size());
    std::ranges::copy(data, rows.data());
    for (size_t t = 0; t < count; ++t) {
      for (const size_t part : {0, 1}) {
        const std::span<float> row(rows.data() + t * stride + part * kDim, kDim);
        L2Normalize(kDim, part == 0 ? 1 / std::sqrt(static_cast<float>(kDim)) : 1, row);
      }
      gates[2 * t] = -0.01f * static_cast<float>(t % 7);
      gates[2 * t + 1] = 0.5f;
    }
    head.key_dim = head.value_dim = kDim;
    head.tokens = count;
    head.q = rows.data();
    head.k = rows.data() + kDim;
    head.v = rows.data() + 2 * kDim;
    head.key_stride = head.value_stride = stride;
    head.log_alpha = gates.data();
    head.beta = gates.data() + 1;
    head.gate_stride = 2;
    head.out = out.data();
    head.out_stride = kDim;
  }
  Buffer<float> rows, out;
  std::vector<float> gates;
  DeltaHead head;
};

// body(state of a head) for one head after another.
template <typename Body>
void OverStates(benchmark::State& state, size_t heads, Body body) {
  Buffer<float> states(heads * kStateSize);
  std::fill_n(states.data(), states.size(), 0.0f);
  size_t head = 0;
  for (auto _ : state) {
    body(std::span(states.data() + head++ % heads * kStateSize, kStateSize));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * kStateSize * 4));
}

void DeltaStep(benchmark::State& state, size_t heads) {
  Tokens token(1, 3 * kDim);
  OverStates(state, heads, [&](std::span<float> s) { DeltaRule(token.head, s); });
}

void DeltaSweep(benchmark::State& state, size_t heads) {
  OverStates(state, heads, [&](std::span<float> s) {
    HWY_DYNAMIC_DISPATCH(Sweep)(0.99f, s.data(), s.size());
  });
}

void DeltaPrefill(benchmark::State& state, size_t count) {
  Tokens tokens(count, 8192);
  Buffer<float> s(kStateSize);
  std::fill_n(s.data(), s.size(), 0.0f);
  for (auto _ : state) {
    DeltaRule(tokens.head, {s.data(), s.size()});
    benchmark::ClobberMemory();
  }
  const double ops = 6.0 * static_cast<double>(kStateSize * count);
  state.counters["op/s"] = benchmark::Counter(ops * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

template <typename Body>
void Register(const std::string& name, Body body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    auto* bench = benchmark::RegisterBenchmark((name + "/" + hwy::TargetName(target)).c_str(),
                                               [=](benchmark::State& state) {
                                                 if (state.thread_index() == 0) {
                                                   bench::UseTarget(target);
                                                 }
                                                 body(state);
                                               });
    bench->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMicrosecond);
  }
}

const bool registered = [] {
  for (const size_t heads : {size_t{1}, kManyHeads}) {
    const std::string where = heads == 1 ? "cache" : "memory";
    Register("DeltaStep/128x128/" + where, [=](auto& state) { DeltaStep(state, heads); });
    Register("DeltaSweep/128x128/" + where, [=](auto& state) { DeltaSweep(state, heads); });
  }
  for (const size_t tokens : {size_t{15}, size_t{16}, size_t{512}}) {
    Register("DeltaPrefill/128x128/" + std::to_string(tokens),
             [=](auto& state) { DeltaPrefill(state, tokens); });
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::kernels
#endif
