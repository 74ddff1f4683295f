// Where the tiles of products come from: blocks and multipliers of hlwq.
#if defined(HLWQ_KERNELS_CPU_TILE_SOURCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_TILE_SOURCE_INL_H_
#undef HLWQ_KERNELS_CPU_TILE_SOURCE_INL_H_
#else
#define HLWQ_KERNELS_CPU_TILE_SOURCE_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu/block_levels-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/level_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// A source has: Matrix; kMultipliers, how many a block has; Has(bits, is_narrow), whether there are
// codes that choose from 2^bits levels of this width; Block<kBits>(index), the codes of a block as
// BlockLevels reads them; and ReadMultipliers(row, rows, block, to), which fills `to`
// [kMultipliers, kMatMulRows], with the last row again where one is missing. Reader<Dot> reads tiles of
// it, from rows that are multiples of kRowUnit, as it counts them: the matrix begins at FirstRow(w).

class HlwqSource {
 public:
  using Matrix = CodedMatrix;
  template <class Dot>
  using Reader = TileReader<HlwqSource, Dot>;
  static constexpr size_t kRowUnit = 1;
  static size_t FirstRow(const CodedMatrix& /*w*/) { return 0; }
  static constexpr size_t kMultipliers = 1;
  static constexpr bool Has(int bits, bool is_narrow) {
    return !is_narrow || WidthFor(bits) == DotWidth::kNarrow;
  }

  explicit HWY_INLINE HlwqSource(const CodedMatrix& w)
      : w_(w), block_bytes_(codec::PackedBlockBytes(w.order, w.levels->bits)) {}

  HWY_INLINE size_t block_bytes() const { return block_bytes_; }
  HWY_INLINE const uint8_t* BlockData(size_t index) const {
    return reinterpret_cast<const uint8_t*>(w_.packed.data()) + index * block_bytes_;
  }
  template <int kBits>
  HWY_INLINE HlwqBlock<kBits> Block(size_t index) const {
    const size_t slack = w_.packed.size() - (index + 1) * block_bytes_;
    return HlwqBlock<kBits>(w_.order, BlockData(index), slack);
  }

  HWY_INLINE void ReadMultipliers(size_t row, size_t rows, size_t block,
                                  float* HWY_RESTRICT to) const {
    if (w_.norm_dtype == DType::kF16) {
      ReadNormsAs<F16Format>(row, rows, block, to);
    } else {
      ReadNormsAs<F32Format>(row, rows, block, to);
    }
  }

 private:
  template <class Format>
  HWY_INLINE void ReadNormsAs(size_t row, size_t rows, size_t block, float* HWY_RESTRICT to) const {
    constexpr size_t kBytes = Format::kBytes;
    const size_t row_blocks = w_.blocks();
    alignas(64) uint8_t norms[kMatMulRows * kBytes];
    const std::byte* from = w_.norms.data() + (row * row_blocks + block) * kBytes;
    for (size_t r = 0; r < kMatMulRows; ++r) {
      std::memcpy(norms + r * kBytes, from + HWY_MIN(r, rows - 1) * row_blocks * kBytes, kBytes);
    }
    const VF step = hn::Set(DF(), w_.levels->step);
    for (size_t r = 0; r < kMatMulRows; r += kLanes) {
      hn::Store(hn::Mul(Format::Load(norms + r * kBytes), step), DF(), to + r);
    }
  }

  const CodedMatrix& w_;
  size_t block_bytes_;
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
