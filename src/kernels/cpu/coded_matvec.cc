#include <array>
#include <cstring>

#include "base/error.h"
#include "kernels/coded_matmul.h"
#include "kernels/cpu/matvec_arguments.h"
#include "kernels/cpu/target.h"
#include "tensor/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/coded_matvec.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/coded_matvec-inl.h"
#include "kernels/cpu/lane_dot-inl.h"
#include "kernels/cpu/vbmi_dot-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one block, one code at a time

int32_t DotCodes(const MatVecArguments& args, const MatVecInput& input, const uint8_t* packed,
                 size_t first) {
  const DotLevels& levels = *args.levels;
  std::array<uint8_t, codec::kBlockSize> codes;
  codec::UnpackBlock(args.order, levels.bits,
                     std::span(reinterpret_cast<const std::byte*>(packed), args.block_bytes),
                     codes);
  int32_t sum = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (levels.width == DotWidth::kNarrow) {
      const int level = levels.narrow[codes[i]] - DotLevels::kOffset;
      sum += level * static_cast<const int8_t*>(input.activations)[first + i];
    } else {
      sum += levels.wide[codes[i]] * static_cast<const int16_t*>(input.activations)[first + i];
    }
  }
  return sum;
}

float DotRow(const MatVecArguments& args, const MatVecInput& input, uint64_t row) {
  float sum = 0;
  for (size_t block = 0; block < args.blocks; ++block) {
    const uint8_t* packed = args.Row(row) + block * args.block_bytes;
    float norm;
    if (args.norm_dtype == DType::kF16) {
      uint16_t half;
      std::memcpy(&half, args.RowNorms(row) + 2 * block, 2);
      norm = F16ToF32(half);
    } else {
      std::memcpy(&norm, args.RowNorms(row) + 4 * block, 4);
    }
    const int32_t dot = DotCodes(args, input, packed, block * codec::kBlockSize);
    sum += static_cast<float>(dot) * (norm * input.scales[block]);
  }
  return sum * args.levels->step;
}

void MatVecOn(const MatVecArguments& args) {
  for (size_t token = 0; token < args.tokens; ++token) {
    for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
      args.y[token * args.y_stride + row] = DotRow(args, args.inputs[token], row);
    }
  }
}

#elif HWY_TARGET <= HWY_AVX3_DL

// Of narrow codes.
template <int kBits>
void NarrowMatVec(const MatVecArguments& args) {
  switch (args.order) {
    case codec::BitOrder::kMsb:
      return MatVecWith<NarrowVbmiDot<StreamCodes<kMsbPlan<kBits> > > >(args);
    case codec::BitOrder::kLsb:
      return MatVecWith<NarrowVbmiDot<StreamCodes<kLsbPlan> > >(args);
    case codec::BitOrder::kHalfNibble:
      return MatVecWith<NarrowVbmiDot<HalfNibbleCodes> >(args);
    default:
      return MatVecWith<NarrowVbmiDot<PlainCodes> >(args);
  }
}

// Of 6 bits and more.
void WideMatVec(const MatVecArguments& args) {
  const bool is_plain = args.order == codec::BitOrder::kPlain;
  switch (args.levels->bits) {
    case 6:
      return is_plain ? MatVecWith<WordVbmiDot<PlainWords> >(args)
                      : MatVecWith<WordVbmiDot<StreamWords> >(args);
    case 7:
      return is_plain ? MatVecWith<SplitVbmiDot<PlainInterleavedCodes, 128> >(args)
                      : MatVecWith<SplitVbmiDot<StreamCodes<kMsbInterleavedPlan<7> >, 128> >(args);
    default:
      return MatVecWith<SplitVbmiDot<PlainInterleavedCodes, 256> >(args);
  }
}

#else

template <size_t kBits>
void NarrowMatVec(const MatVecArguments& args) {
  switch (args.order) {
    case codec::BitOrder::kMsb:
      return MatVecWith<NarrowLaneDot<kBits, PairCodes<kBits> > >(args);
    case codec::BitOrder::kLsb:
      return MatVecWith<NarrowLaneDot<5, PairCodes<5, false> > >(args);
    case codec::BitOrder::kHalfNibble:
      return MatVecWith<NarrowLaneDot<kBits, LaneHalfNibbleCodes<kBits> > >(args);
    default:
      return MatVecWith<NarrowLaneDot<kBits, LanePlainCodes<kBits> > >(args);
  }
}

// Of 6 bits and more.
void WideMatVec(const MatVecArguments& args) {
  const bool is_plain = args.order == codec::BitOrder::kPlain;
  switch (args.levels->bits) {
    case 6:
      return is_plain ? MatVecWith<WideLaneDot<6, LanePlainCodes<6> > >(args)
                      : MatVecWith<WideLaneDot<6, PairCodes<6> > >(args);
    case 7:
      return is_plain ? MatVecWith<WideLaneDot<7, LanePlainCodes<7> > >(args)
                      : MatVecWith<WideLaneDot<7, GroupCodes<7> > >(args);
    default:
      return MatVecWith<WideLaneDot<8, LanePlainCodes<8> > >(args);
  }
}

#endif

#if HWY_TARGET != HWY_SCALAR

void MatVecOn(const MatVecArguments& args) {
  switch (args.levels->bits) {
    case 1:
      return NarrowMatVec<1>(args);
    case 2:
      return NarrowMatVec<2>(args);
    case 3:
      return NarrowMatVec<3>(args);
    case 4:
      return NarrowMatVec<4>(args);
    case 5:
      return NarrowMatVec<5>(args);
    default:
      return WideMatVec(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(MatVecOn);

void CodedMatVecs(const CodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(codec::BitOrderHolds(w.order, w.levels->bits));
  HLWQ_DASSERT(w.norm_dtype == DType::kF16 || w.norm_dtype == DType::kF32);
  const size_t block_bytes = codec::PackedBlockBytes(w.order, w.levels->bits);
  HLWQ_DASSERT(w.packed.size() == w.shape.out * w.blocks() * block_bytes);
  HLWQ_DASSERT(w.norms.size() == w.shape.out * w.blocks() * BitsPerElement(w.norm_dtype) / 8);
  MatVecArguments args;
  args.order = w.order;
  args.levels = w.levels;
  args.packed = reinterpret_cast<const uint8_t*>(w.packed.data());
  args.block_bytes = block_bytes;
  args.norms = reinterpret_cast<const uint8_t*>(w.norms.data());
  args.norm_dtype = w.norm_dtype;
  args.blocks = w.blocks();
  args.num_rows = w.shape.out;
  args.rows = rows;
  ForMatVecTokens(inputs, tokens, stride, y, args, [&] { HWY_DYNAMIC_DISPATCH(MatVecOn)(args); });
}

}  // namespace hlwq::kernels
#endif
