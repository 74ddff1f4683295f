#include "base/error.h"
#include "codec/group_scale.h"
#include "kernels/cpu/matvec_arguments.h"
#include "kernels/cpu/target.h"
#include "kernels/cpu/trellis_scalar.h"
#include "kernels/trellis_matmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/trellis_matvec.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/lane_dot-inl.h"
#include "kernels/cpu/trellis_codes-inl.h"
#include "kernels/cpu/trellis_matvec-inl.h"
#include "kernels/cpu/vbmi_dot-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one group at a time

template <typename Activation>
float DotRow(const TrellisMatVecArguments& args, const MatVecInput& input, uint64_t row) {
  const auto* activations = static_cast<const Activation*>(input.activations);
  float sum = 0;
  for (size_t block = 0; block < args.blocks; ++block) {
    const size_t at = row * args.blocks + block;
    const auto* codes = reinterpret_cast<const std::byte*>(args.codes + at * args.block_bytes);
    const auto integers = TrellisIntegers(codes, *args.levels);
    for (size_t half = 0; half < codec::kGroupsPerBlock; ++half) {
      const int32_t dot = DotGroup(integers, half, activations + block * codec::kBlockSize);
      const float factor = codec::GroupFactor(args.scales[2 * at + half]);
      sum += static_cast<float>(dot) * (factor * input.scales[block]);
    }
  }
  return sum * codec::RowScaleAt(args.row_scales, row);
}

void TrellisMatVecOn(const TrellisMatVecArguments& args) {
  for (size_t token = 0; token < args.tokens; ++token) {
    const MatVecInput& input = args.inputs[token];
    for (uint64_t row = args.rows.begin; row < args.rows.end; ++row) {
      args.y[token * args.y_stride + row] = args.levels->width == DotWidth::kNarrow
                                                ? DotRow<int8_t>(args, input, row)
                                                : DotRow<int16_t>(args, input, row);
    }
  }
}

#else

#if HWY_TARGET <= HWY_AVX3_DL
template <size_t kBits>
using TrellisDot = NarrowVbmiDot<AscendingTrellisCodes<kBits> >;
using WideTrellisDot = SplitVbmiDot<InterleavedTrellisCodes<6>, 128>;
#else
template <size_t kBits>
using TrellisDot = NarrowLaneDot<kBits + 1, LaneTrellisCodes<kBits> >;
using WideTrellisDot = WideLaneDot<7, LaneTrellisCodes<6> >;
#endif

void TrellisMatVecOn(const TrellisMatVecArguments& args) {
  switch (args.levels->bits - 1) {
    case 2:
      return TrellisMatVecWith<TrellisDot<2> >(args);
    case 3:
      return TrellisMatVecWith<TrellisDot<3> >(args);
    case 4:
      return TrellisMatVecWith<TrellisDot<4> >(args);
    case 5:
      return TrellisMatVecWith<TrellisDot<5> >(args);
    default:
      return TrellisMatVecWith<WideTrellisDot>(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(TrellisMatVecOn);

void CodedMatVecs(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(w.codes.size() == w.shape.out * w.blocks() * w.block_bytes());
  HLWQ_DASSERT(w.scales.size() == w.shape.out * w.blocks() * 2);
  HLWQ_DASSERT(w.row_scales.size() == w.shape.out * codec::kRowScaleBytes);
  TrellisMatVecArguments args;
  args.levels = w.levels;
  args.codes = reinterpret_cast<const uint8_t*>(w.codes.data());
  args.block_bytes = w.block_bytes();
  args.scales = reinterpret_cast<const uint8_t*>(w.scales.data());
  args.row_scales = w.row_scales;
  args.blocks = w.blocks();
  args.num_rows = w.shape.out;
  args.rows = rows;
  ForMatVecTokens(inputs, tokens, stride, y, args, [&] {
    HWY_DYNAMIC_DISPATCH(TrellisMatVecOn)(args);
  });
}

}  // namespace hlwq::kernels
#endif
