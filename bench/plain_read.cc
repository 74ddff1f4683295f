#include "bench/plain_read.h"

#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/plain_read.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::bench {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

uint64_t SumOn(const uint64_t* words, size_t count) {
  const hn::CappedTag<uint64_t, 8> d;
  constexpr size_t kLanes = hn::MaxLanes(d);
  auto a = hn::Zero(d);
  auto b = a, c = a, e = a;
  for (size_t i = 0; i < count; i += 4 * kLanes) {
    a = hn::Add(a, hn::Load(d, words + i));
    b = hn::Add(b, hn::Load(d, words + i + kLanes));
    c = hn::Add(c, hn::Load(d, words + i + 2 * kLanes));
    e = hn::Add(e, hn::Load(d, words + i + 3 * kLanes));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::bench {

HWY_EXPORT(SumOn);

uint64_t SumOfWords(std::span<const std::byte> bytes) noexcept {
  return HWY_DYNAMIC_DISPATCH(SumOn)(reinterpret_cast<const uint64_t*>(bytes.data()),
                                     bytes.size() / 8);
}

}  // namespace hlwq::bench
#endif
