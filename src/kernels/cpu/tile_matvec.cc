#include "kernels/cpu/target.h"
#include "kernels/cpu/tile_arguments.h"
#include "kernels/cpu/tile_scalar.h"
#include "kernels/vector_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/tile_matvec.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/tile_matvec-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void TrellisTilesOn(const TileArguments& args) { ScalarTiles<TrellisTileRow>(args); }
void CodedTilesOn(const TileArguments& args) { ScalarTiles<CodedTileRow>(args); }

#else

template <class Cells, class Multipliers>
HWY_ATTR void NarrowTilesWith(const TileArguments& args) {
#if HWY_TARGET == HWY_AVX2
  if (UsesAvxVnni()) {
    return TileVectors<Cells, NarrowSteps<Cells, VnniDot>, Multipliers>(args).Multiply();
  }
#endif
  TileVectors<Cells, NarrowSteps<Cells>, Multipliers>(args).Multiply();
}

template <size_t kBits>
HWY_ATTR void TrellisTilesWith(const TileArguments& args) {
  using Cells = TrellisTileCells<kBits>;
  if constexpr (kBits == 6) {
    TileVectors<Cells, WideSteps<Cells>, GroupMultipliers>(args).Multiply();
  } else {
    NarrowTilesWith<Cells, GroupMultipliers>(args);
  }
}

template <size_t kBits>
HWY_ATTR void CodedTilesWith(const TileArguments& args) {
  NarrowTilesWith<PlainCells<kBits>, BlockMultipliers>(args);
}

void TrellisTilesOn(const TileArguments& args) {
  switch (args.levels->bits - 1) {
    case 2:
      return TrellisTilesWith<2>(args);
    case 3:
      return TrellisTilesWith<3>(args);
    case 4:
      return TrellisTilesWith<4>(args);
    case 5:
      return TrellisTilesWith<5>(args);
    default:
      return TrellisTilesWith<6>(args);
  }
}

void CodedTilesOn(const TileArguments& args) {
  switch (args.levels->bits) {
    case 4:
      return CodedTilesWith<4>(args);
    default:
      return CodedTilesWith<5>(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(TrellisTilesOn);
HWY_EXPORT(CodedTilesOn);

void CodedMatVecs(const TrellisMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(inputs.last_block() == LastBlockOf(w));
  TileArguments args = TileArguments::Of(w);
  args.rows = rows;
  ForMatVecTokens(inputs, tokens, stride, y, args, [&] {
    HWY_DYNAMIC_DISPATCH(TrellisTilesOn)(args);
  });
}

void CodedMatVecs(const TiledCodedMatrix& w, const RotatedInputs& inputs, TokenRange tokens,
                  RowRange rows, size_t stride, std::span<float> y) noexcept {
  HLWQ_DASSERT(inputs.last_block() == LastBlockOf(w));
  TileArguments args = TileArguments::Of(w);
  args.rows = rows;
  ForMatVecTokens(inputs, tokens, stride, y, args, [&] {
    HWY_DYNAMIC_DISPATCH(CodedTilesOn)(args);
  });
}

}  // namespace hlwq::kernels
#endif
