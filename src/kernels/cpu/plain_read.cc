#include "kernels/plain_read.h"

#include <cstring>

#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/plain_read.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

uint64_t SumWords(const uint8_t* HWY_RESTRICT bytes, size_t count) {
  const hn::CappedTag<uint64_t, 8> d;
  constexpr size_t kBytes = hn::MaxLanes(d) * sizeof(uint64_t);
  constexpr size_t kSums = 4;  // so that loads, not additions, are what is waited for
  hn::Vec<decltype(d)> sums[kSums];
  for (auto& sum : sums) sum = hn::Zero(d);
  size_t at = 0;
  for (; at + kSums * kBytes <= count; at += kSums * kBytes) {
    for (size_t i = 0; i < kSums; ++i) {
      const auto* from = reinterpret_cast<const uint64_t*>(bytes + at + i * kBytes);
      sums[i] = hn::Add(sums[i], hn::LoadU(d, from));
    }
  }
  const auto all = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  // One by one: the sum of lanes would be signed in the end, and these may wrap.
  alignas(64) uint64_t lanes[hn::MaxLanes(d)];
  hn::Store(all, d, lanes);
  uint64_t total = 0;
  for (const uint64_t lane : lanes) total += lane;
  for (; at < count; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, HWY_MIN(sizeof(word), count - at));
    total += word;
  }
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(SumWords);

uint64_t SumBytes(std::span<const std::byte> bytes) noexcept {
  return HWY_DYNAMIC_DISPATCH(SumWords)(reinterpret_cast<const uint8_t*>(bytes.data()),
                                        bytes.size());
}

}  // namespace hlwq::kernels
#endif
