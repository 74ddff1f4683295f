// Attention of one layer. Decode: one query, GB/s of keys and values, from memory. Prefill: 512
// queries; op/s counts a multiplication and an addition for each element of a key or value that a
// query sees.
#include <algorithm>
#include <span>

#include "bench/bench_support.h"
#include "kernels/attention.h"
#include "tensor/buffer.h"

namespace hlwq::bench {
namespace {

struct Heads {
  size_t kv_heads, group, head_dim;
};

// Keys and values of `positions` tokens, all of them the same few.
struct Cache {
  Cache(DType dtype, Heads heads, size_t positions) {
    pages.dtype = dtype;
    pages.page_tokens = 256;
    pages.kv_heads = heads.kv_heads;
    pages.head_dim = heads.head_dim;
    for (size_t first = 0; first < positions; first += pages.page_tokens) {
      memory.emplace_back(2 * pages.page_bytes());
      list.push_back(memory.back().data());
    }
    pages.pages = list;
    pages.values_offset = pages.page_bytes();
    const size_t width = heads.kv_heads * heads.head_dim;
    const std::vector<float> data = GaussianMatrix(width + 1024);
    for (size_t position = 0; position < positions; ++position) {
      const auto token = std::span(data).subspan(position % 1024, width);
      kernels::StoreKv(pages, position, token, token);
    }
  }
  std::vector<Buffer<std::byte>> memory;
  std::vector<std::byte*> list;
  kernels::KvPages pages;
};

// `layers` caches one after another, so that no cache of the machine holds what is read next.
void Attend(benchmark::State& state, DType dtype, Heads heads, size_t first, size_t queries,
            size_t layers) {
  static std::vector<Cache> caches;
  if (state.thread_index() == 0) {
    caches.clear();
    for (size_t i = 0; i < layers; ++i) caches.emplace_back(dtype, heads, first + queries);
    for (Cache& cache : caches) cache.pages.pages = cache.list;
  }
  const size_t width = heads.kv_heads * heads.group * heads.head_dim;
  Buffer<float> q(queries * width), out(queries * width);
  std::ranges::copy(GaussianMatrix(q.size()), q.data());
  kernels::AttentionProblem problem;
  problem.heads = heads.kv_heads * heads.group;
  problem.scale = 0.125f;
  problem.first_position = first;
  problem.queries = queries;
  problem.q = q.data();
  problem.out = out.data();
  problem.q_stride = problem.out_stride = width;
  const auto threads = static_cast<size_t>(state.threads());
  size_t layer = 0;
  for (auto _ : state) {
    const Cache& cache = caches[layer++ % layers];
    for (size_t head = static_cast<size_t>(state.thread_index()); head < heads.kv_heads;
         head += threads) {
      for (size_t begin = 0; begin < queries; begin += kernels::kAttentionQueryTile) {
        kernels::Attend(problem, cache.pages, nullptr, head, begin,
                        std::min(queries, begin + kernels::kAttentionQueryTile));
      }
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  const double shares = static_cast<double>(state.iterations()) / static_cast<double>(threads);
  if (queries == 1) {
    const double bytes = 2.0 * static_cast<double>((first + 1) * heads.kv_heads * heads.head_dim) *
                         (BitsPerElement(dtype) / 8);
    state.SetBytesProcessed(static_cast<int64_t>(bytes * shares));
  }
  const double seen = static_cast<double>(queries * first + queries * (queries + 1) / 2);
  state.counters["op/s"] = benchmark::Counter(4 * seen * static_cast<double>(width) * shares,
                                              benchmark::Counter::kIsRate);
}

template <typename Body>
void Register(const std::string& name, Body body) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (target == HWY_SCALAR) continue;
    auto* bench = benchmark::RegisterBenchmark((name + "/" + hwy::TargetName(target)).c_str(),
                                               [=](benchmark::State& state) {
                                                 if (state.thread_index() == 0) UseTarget(target);
                                                 body(state);
                                               });
    bench->Threads(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMicrosecond);
  }
}

const bool registered = [] {
  for (const Heads heads :
       {Heads{8, 1, 64}, {8, 2, 64}, {8, 3, 64}, {8, 4, 64}, {4, 8, 64}, {8, 4, 128}}) {
    const std::string shape = std::to_string(heads.kv_heads) + "x" + std::to_string(heads.group) +
                              "x" + std::to_string(heads.head_dim);
    for (const DType dtype : {DType::kF16, DType::kBF16}) {
      const std::string name = std::string(DTypeName(dtype)) + "/" + shape;
      const size_t layers = 2048 / (heads.kv_heads * heads.head_dim) * 4;  // 256 MiB
      Register("AttendDecode/" + name + "/8192",
               [=](benchmark::State& state) { Attend(state, dtype, heads, 8191, 1, layers); });
      Register("AttendPrefill/" + name + "/512",
               [=](benchmark::State& state) { Attend(state, dtype, heads, 0, 512, 1); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
