// Attention of one layer to coded keys and values. Decode: one query, GB/s of codes, from memory. Prefill: 64
// queries after the same positions; op/s counts a multiplication and an addition for each element of a key or
// value that a query sees.
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/bench_support.h"
#include "kernels/attention.h"
#include "kernels/encode_kv.h"
#include "tensor/buffer.h"
#include "tensor/float16.h"

namespace hlwq::bench {
namespace {

using kernels::kKvTile;

struct Heads {
  size_t kv_heads, group, head_dim;
};
struct Bits {
  int keys, values;
};

// The first page is plain, all others are coded, and all hold the same.
class CodedCache {
 public:
  CodedCache(Bits bits, Heads heads, size_t positions) {
    const codec::KvHeadShape shape = codec::KvShapeOf(heads.head_dim);
    coded.keys = {shape, bits.keys, true};
    coded.values = {shape, bits.values, false};
    coded.kv_heads = heads.kv_heads;
    coded.first_page = 1;
    coded.values_offset = heads.kv_heads * coded.keys.bytes();
    plain = {.dtype = DType::kF16,
             .page_tokens = kKvTile,
             .kv_heads = heads.kv_heads,
             .head_dim = heads.head_dim};
    plain.values_offset = plain.page_bytes();
    floats_ = Buffer<std::byte>(2 * plain.page_bytes());
    const size_t width = heads.kv_heads * heads.head_dim;
    const std::vector<float> data = GaussianMatrix(kKvTile * width);
    plain_list_.assign(positions / kKvTile, floats_.data());
    plain.pages = plain_list_;
    kernels::StoreKv(plain, 0, {data, width}, {data, width});
    const size_t page_bytes = coded.values_offset + heads.kv_heads * coded.values.bytes();
    memory_ = Buffer<std::byte>(page_bytes * plain_list_.size());
    for (size_t page = 0; page < plain_list_.size(); ++page) {
      coded_list_.push_back(memory_.data() + page * page_bytes);
    }
    coded.pages = coded_list_;
    const size_t part = plain.page_bytes() / heads.kv_heads;
    for (size_t head = 0; head < heads.kv_heads; ++head) {
      kernels::EncodeKvTile(coded.keys, plain.keys(0) + head * part, coded.key_tile(0, head));
      kernels::EncodeKvTile(coded.values, plain.values(0) + head * part, coded.value_tile(0, head));
    }
    for (std::byte* page : coded_list_) {
      if (page != coded_list_[0]) std::memcpy(page, coded_list_[0], page_bytes);
    }
  }

  kernels::KvPages plain;
  kernels::CodedKvPages coded;
  size_t bytes() const { return memory_.size(); }

 private:
  Buffer<std::byte> floats_, memory_;
  std::vector<std::byte*> plain_list_, coded_list_;
};

// Caches of `layers` layers one after another, so that no cache of the machine holds what is read next.
void Attend(benchmark::State& state, Bits bits, Heads heads, size_t first, size_t queries,
            size_t layers) {
  static std::vector<std::unique_ptr<CodedCache>> caches;
  if (state.thread_index() == 0) {
    caches.clear();
    for (size_t i = 0; i < layers; ++i) {
      caches.push_back(std::make_unique<CodedCache>(bits, heads, first + kKvTile));
    }
  }
  const size_t width = heads.kv_heads * heads.group * heads.head_dim;
  Buffer<float> q(queries * width), out(queries * width);
  std::ranges::copy(GaussianMatrix(q.size()), q.data());
  const kernels::AttentionProblem problem = {.heads = heads.kv_heads * heads.group,
                                             .scale = 0.125f,
                                             .first_position = first,
                                             .queries = queries,
                                             .q = q.data(),
                                             .q_stride = width,
                                             .out = out.data(),
                                             .out_stride = width};
  const auto threads = static_cast<size_t>(state.threads());
  size_t layer = 0;
  for (auto _ : state) {
    const CodedCache& cache = *caches[layer++ % layers];
    for (size_t head = static_cast<size_t>(state.thread_index()); head < heads.kv_heads;
         head += threads) {
      for (size_t begin = 0; begin < queries; begin += kernels::kAttentionQueryTile) {
        kernels::Attend(problem, cache.plain, &cache.coded, head, begin,
                        std::min(queries, begin + kernels::kAttentionQueryTile));
      }
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  const double shares = static_cast<double>(state.iterations()) / static_cast<double>(threads);
  if (queries == 1) {
    state.SetBytesProcessed(static_cast<int64_t>(static_cast<double>(caches[0]->bytes()) * shares));
  }
  const size_t triangle = queries * (queries + 1) / 2;
  const auto seen = static_cast<double>(queries * first + triangle);
  state.counters["op/s"] = benchmark::Counter(4 * seen * static_cast<double>(width) * shares,
                                              benchmark::Counter::kIsRate);
}

const bool registered = [] {
  for (const Heads heads : {Heads{4, 3, 64}, {4, 8, 64}, {4, 4, 128}, {2, 8, 256}}) {
    for (const Bits bits : {Bits{8, 8}, {8, 4}, {4, 4}, {3, 3}, {2, 2}}) {
      for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
        if (target == HWY_SCALAR) continue;
        const std::string name =
            "/k" + std::to_string(bits.keys) + "v" + std::to_string(bits.values) + "/" +
            std::to_string(heads.kv_heads) + "x" + std::to_string(heads.group) + "x" +
            std::to_string(heads.head_dim) + "/" + hwy::TargetName(target);
        const auto add = [&](const char* what, size_t queries, size_t layers) {
          benchmark::RegisterBenchmark((what + name).c_str(),
                                       [=](benchmark::State& state) {
                                         if (state.thread_index() == 0) UseTarget(target);
                                         Attend(state, bits, heads, 8192, queries, layers);
                                       })
              ->Threads(1)
              ->Threads(2)
              ->UseRealTime()
              ->Unit(benchmark::kMicrosecond);
        };
        add("CodedDecode", 1, 64);
        add("CodedCached", 1, 1);
        add("CodedPrefill", 64, 1);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace hlwq::bench
