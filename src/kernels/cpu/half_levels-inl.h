// The levels of half a block, 64 weights, as products with activations read them: decoded once, and
// kept while several tokens are multiplied.
#if defined(HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#undef HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#else
#define HLWQ_KERNELS_CPU_HALF_LEVELS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/cpu/lane_codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

template <size_t kVectors>
struct HalfLevels {
  static constexpr size_t kBytes = kVectors * kByteLanes;

  VByte v[kVectors];

  HWY_INLINE void Store(uint8_t* HWY_RESTRICT to) const {
    for (size_t i = 0; i < kVectors; ++i) hn::Store(v[i], DByte(), to + i * kByteLanes);
  }
  static HWY_INLINE HalfLevels Load(const uint8_t* HWY_RESTRICT from) {
    HalfLevels levels;
    for (size_t i = 0; i < kVectors; ++i) levels.v[i] = hn::Load(DByte(), from + i * kByteLanes);
    return levels;
  }
};

// The levels of up to kBlocks blocks of one row.
template <class Dot, size_t kBlocks>
class RowLevels {
 public:
  using Half = typename Dot::Levels;

  // `count` blocks, `block_bytes` of codes each. Asks for what lies `ahead` bytes further.
  HWY_INLINE void Decode(const Dot& dot, const uint8_t* HWY_RESTRICT codes, size_t block_bytes,
                         size_t count, size_t ahead) {
    uint8_t* to = levels_;
    for (size_t block = 0; block < count; ++block) {
      // A block may lie in two lines. Past the end is no harm: nothing is read.
      hwy::Prefetch(codes + ahead);
      hwy::Prefetch(codes + ahead + block_bytes - 1);
      dot.template Half<0>(codes).Store(to);
      dot.template Half<1>(codes).Store(to + Half::kBytes);
      codes += block_bytes;
      to += 2 * Half::kBytes;
    }
  }
  template <size_t kHalf>
  HWY_INLINE Half Get(size_t block) const {
    return Half::Load(levels_ + (2 * block + kHalf) * Half::kBytes);
  }

 private:
  alignas(64) uint8_t levels_[kBlocks * 2 * Half::kBytes];
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
