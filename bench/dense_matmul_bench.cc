// Products with dense matrices. MatVec: GB/s of weights, from memory; beside PlainRead, the limit.
// MatMul: op/s counts a multiplication and an addition for each weight and token; beside FloatPeak,
// what fused multiply-adds in registers reach.
#include <algorithm>
#include <span>

#include "bench/bench_support.h"
#include "kernels/dense_matmul.h"
#include "kernels/plain_read.h"
#include "tensor/buffer.h"

namespace hlwq::bench {
namespace {

constexpr MatrixShape kLarge = {32768, 4096};  // 256 MiB of 16-bit weights: not in any cache

// The rows of one thread.
RowRange Share(const benchmark::State& state, uint64_t rows) {
  const auto threads = static_cast<uint64_t>(state.threads());
  const auto index = static_cast<uint64_t>(state.thread_index());
  return {rows * index / threads, rows * (index + 1) / threads};
}

std::vector<std::byte> Weights(DType dtype, MatrixShape shape) {
  // One megabyte of values, again and again.
  const size_t count = shape.out * shape.in, element_bytes = BitsPerElement(dtype) / 8;
  const std::vector<float> values = GaussianMatrix(std::min<size_t>(count, 1 << 19));
  std::vector<std::byte> once(values.size() * element_bytes), bytes;
  kernels::FromFloat(values, dtype, once);
  bytes.reserve(count * element_bytes);
  while (bytes.size() < count * element_bytes) {
    const size_t size = std::min(once.size(), count * element_bytes - bytes.size());
    bytes.insert(bytes.end(), once.begin(), once.begin() + static_cast<ptrdiff_t>(size));
  }
  return bytes;
}

void PlainRead(benchmark::State& state) {
  static std::vector<std::byte> data;
  if (state.thread_index() == 0) data = Weights(DType::kBF16, kLarge);
  const RowRange rows = Share(state, kLarge.out);
  for (auto _ : state) {
    const auto share = std::span<const std::byte>(data).subspan(rows.begin * kLarge.in * 2,
                                                                rows.size() * kLarge.in * 2);
    benchmark::DoNotOptimize(kernels::SumBytes(share));
  }
  state.SetBytesProcessed(static_cast<int64_t>(rows.size() * kLarge.in * 2) * state.iterations());
}

void MatVec(benchmark::State& state, DType dtype) {
  static std::vector<std::byte> data;
  const size_t element_bytes = BitsPerElement(dtype) / 8;
  const MatrixShape shape = {kLarge.out * 2 / element_bytes, kLarge.in};
  if (state.thread_index() == 0) data = Weights(dtype, shape);
  const std::vector<float> x = GaussianMatrix(shape.in);
  std::vector<float> y(shape.out);
  const RowRange rows = Share(state, shape.out);
  for (auto _ : state) {
    kernels::DenseMatVec({shape, dtype, data}, x, rows, y);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(rows.size() * shape.in * element_bytes) *
                          state.iterations());
}

void MatMul(benchmark::State& state, DType dtype, MatrixShape shape, size_t tokens) {
  static std::vector<std::byte> data;
  static Buffer<float> x;
  if (state.thread_index() == 0) {
    data = Weights(dtype, shape);
    x = Buffer<float>(tokens * shape.in);
    std::ranges::copy(GaussianMatrix(x.size()), x.data());
  }
  Buffer<float> y(tokens * shape.out);
  const RowRange all = Share(state, shape.out);
  for (auto _ : state) {
    // In pieces, as threads take them.
    for (uint64_t row = all.begin; row < all.end; row += 64) {
      kernels::DenseMatMul({shape, dtype, data}, x.span(), shape.in, tokens,
                           {row, std::min(all.end, row + 64)}, shape.out, y.span());
    }
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  const double ops = 2.0 * static_cast<double>(tokens * all.size() * shape.in);
  state.counters["op/s"] = benchmark::Counter(ops * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

template <typename Body>
void Register(const std::string& name, Body body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target == HWY_SCALAR) continue;  // seconds a product
    auto* bench = benchmark::RegisterBenchmark((name + "/" + hwy::TargetName(target)).c_str(),
                                               [=](benchmark::State& state) {
                                                 if (state.thread_index() == 0) UseTarget(target);
                                                 body(state);
                                               });
    bench->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMillisecond);
  }
}

const bool registered = [] {
  Register("PlainRead/32768x4096", PlainRead);
  for (const DType dtype : {DType::kBF16, DType::kF16, DType::kF32}) {
    const std::string name(DTypeName(dtype));
    Register("DenseMatVec/" + name + "/32768x4096",
             [=](benchmark::State& state) { MatVec(state, dtype); });
    for (const MatrixShape shape : {MatrixShape{2048, 2048}, {2048, 5632}, {576, 576}}) {
      Register("DenseMatMul/" + name + "/512x" + std::to_string(shape.out) + "x" +
                   std::to_string(shape.in),
               [=](benchmark::State& state) { MatMul(state, dtype, shape, 512); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
