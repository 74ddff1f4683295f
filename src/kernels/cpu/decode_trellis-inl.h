// Trellis blocks to weights, one at a time: indices, levels, multipliers, transform, round.
#if defined(HLWQ_KERNELS_CPU_DECODE_TRELLIS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_DECODE_TRELLIS_INL_H_
#undef HLWQ_KERNELS_CPU_DECODE_TRELLIS_INL_H_
#else
#define HLWQ_KERNELS_CPU_DECODE_TRELLIS_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/cpu/decode_blocks-inl.h"
#include "kernels/cpu/float_rows-inl.h"
#include "kernels/cpu/fwht-inl.h"
#include "kernels/cpu/group_factors-inl.h"
#include "kernels/cpu/trellis_block-inl.h"
#include "kernels/decode_trellis.h"

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

// The levels as floats in the order of DotLevels::OfTrellis, repeated.
class TrellisFloats {
 public:
  explicit TrellisFloats(const codec::TrellisTable& table) {
    const size_t count = table.levels().size();
    const size_t indices = count / codec::kTrellisSubsets;
    for (size_t at = 0; at < kMost; ++at) {
      const size_t index = at % indices;
      const size_t subset = at % count / indices;
      levels_[at] = table.levels()[codec::kTrellisSubsets * index + subset];
    }
  }
  const float* data() const { return levels_; }

 private:
  static constexpr size_t kMost = size_t{2} << codec::kMaxTrellisBits;
  alignas(64) float levels_[kMost];
};

// The multipliers of the groups of up to kLanes / 2 blocks from `first`.
HWY_INLINE void ReadMultipliers(const TrellisCodedBlocks& blocks, size_t first, size_t count,
                                float* HWY_RESTRICT multipliers) {
  uint8_t scales[kLanes] = {};
  float row_scales[kLanes / 2] = {};
  std::memcpy(scales, blocks.scales.data() + 2 * first, 2 * count);
  std::memcpy(row_scales, blocks.row_scales.data() + first, count * sizeof(float));
  hn::Store(hn::Mul(LoadTwice(row_scales), GroupFactors()(scales)), DF(), multipliers);
}

template <int kBits, class Format>
HWY_ATTR void DecodeTrellisWith(const TrellisCodedBlocks& blocks, uint8_t* HWY_RESTRICT weights) {
  const TrellisFloats floats(*blocks.table);
  const LevelLookup<kBits + 1> levels(floats.data());
  const TrellisBlockIndices<kBits> cells;
  const auto* codes = reinterpret_cast<const uint8_t*>(blocks.codes.data());
  const hn::Rebind<uint8_t, DF> d8;
  alignas(64) uint8_t indices[kBlock];
  alignas(64) float multipliers[kLanes];
  const VF scale = hn::Set(DF(), 1.0f / kBlock);
  for (size_t i = 0; i < blocks.row_scales.size(); ++i) {
    const size_t of_batch = i % (kLanes / 2);
    if (of_batch == 0) {
      ReadMultipliers(blocks, i, std::min(kLanes / 2, blocks.row_scales.size() - i), multipliers);
    }
    cells.Store(codes + i * codec::TrellisBlockBytes(kBits), indices);
    BlockVectors block;
    for (size_t j = 0; j < kVectors; ++j) {
      const VF multiplier = hn::Set(DF(), multipliers[2 * of_batch + 2 * j / kVectors]);
      const VI index = hn::PromoteTo(DI(), hn::LoadU(d8, indices + j * kLanes));
      block.v[j] = hn::Mul(multiplier, levels(index));
    }
    Fwht128(block);
    uint8_t* out = weights + i * kBlock * Format::kBytes;
    for (size_t j = 0; j < kVectors; ++j) {
      Format::Store(hn::Mul(block.v[j], scale), out + j * kLanes * Format::kBytes);
    }
  }
}

template <class Format>
HWY_ATTR void DecodeTrellisTo(const TrellisCodedBlocks& blocks, uint8_t* HWY_RESTRICT weights) {
  switch (blocks.table->bits()) {
    case 2:
      return DecodeTrellisWith<2, Format>(blocks, weights);
    case 3:
      return DecodeTrellisWith<3, Format>(blocks, weights);
    case 4:
      return DecodeTrellisWith<4, Format>(blocks, weights);
    case 5:
      return DecodeTrellisWith<5, Format>(blocks, weights);
    default:
      return DecodeTrellisWith<6, Format>(blocks, weights);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif
