// The kernels for AVX-VNNI with its instruction by the definition: few machines that run tests have it.
#include "kernels/cpu/target.h"
// After target.h.
#include "kernels/cpu/tile_arguments.h"
#include "kernels/vector_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/avx_vnni_test.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/tile_matvec-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2

struct DefinedDot : VnniDot {
  static HWY_INLINE void Add(VI levels, VI activations, Sum& sum) {
    alignas(32) uint8_t u[32];
    alignas(32) int8_t s[32];
    alignas(32) int32_t sums[8];
    hn::Store(hn::BitCast(DByte(), levels), DByte(), u);
    hn::Store(hn::BitCast(DSByte(), activations), DSByte(), s);
    hn::Store(sum.sum, DI(), sums);
    for (size_t i = 0; i < 32; ++i) sums[i / 4] += int32_t{u[i]} * int32_t{s[i]};
    sum.sum = hn::Load(DI(), sums);
  }
};

template <class Cells, class Multipliers>
HWY_ATTR void MultiplyWith(const TileArguments& args) {
  TileVectors<Cells, NarrowSteps<Cells, DefinedDot>, Multipliers>(args).Multiply();
}

HWY_ATTR void MultiplyByDefinition(const TileArguments& args, bool is_trellis) {
  const int bits = args.levels->bits;
  if (!is_trellis) {
    if (bits == 4) return MultiplyWith<PlainCells<4>, BlockMultipliers>(args);
    return MultiplyWith<PlainCells<5>, BlockMultipliers>(args);
  }
  if (bits == 3) return MultiplyWith<TrellisTileCells<2>, GroupMultipliers>(args);
  if (bits == 4) return MultiplyWith<TrellisTileCells<3>, GroupMultipliers>(args);
  if (bits == 5) return MultiplyWith<TrellisTileCells<4>, GroupMultipliers>(args);
  MultiplyWith<TrellisTileCells<5>, GroupMultipliers>(args);
}

#else

void MultiplyByDefinition(const TileArguments& /*args*/, bool /*is_trellis*/) {}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/kernels/few_tokens.h"
#include "tests/kernels/random_trellis_matrix.h"
#include "tests/kernels/tiled_matrix.h"

namespace hlwq::kernels {
namespace {

HWY_EXPORT(MultiplyByDefinition);

template <class Matrix>
void ExpectTheSameBits(const Matrix& w, bool is_trellis) {
  constexpr size_t kTokens = 5;
  const RotatedInputs inputs = test::InputsOf(w, kTokens);
  std::vector<float> want(kTokens * w.shape.out), got(want.size(), -1.0f);
  CodedMatVecs(w, inputs, {0, kTokens}, {0, w.shape.out}, w.shape.out, want);
  TileArguments args = TileArguments::Of(w);
  args.rows = {0, w.shape.out};
  ForMatVecTokens(inputs, {0, kTokens}, w.shape.out, got, args, [&] {
    HWY_DYNAMIC_DISPATCH(MultiplyByDefinition)(args, is_trellis);
  });
  EXPECT_EQ(got, want);
}

TEST(AvxVnni, HasTheBitsOfOtherProducts) {
  bool is_there = false;
  test::ForEachTarget([&](const char* target) {
    if (std::string_view(target) != "AVX2") return;
    is_there = true;
    for (int bits = codec::kMinTrellisBits; bits <= 5; ++bits) {
      SCOPED_TRACE(bits);
      ExpectTheSameBits(test::RandomTrellisMatrix({37, 700}, bits, 3).w(), true);
      test::RandomTrellisMatrix extreme({16, 256}, test::ExtremeLevels(bits));
      extreme.FillCodes(std::byte{255});
      ExpectTheSameBits(extreme.w(), true);
    }
    for (const int bits : {4, 5}) {
      SCOPED_TRACE(bits);
      ExpectTheSameBits(test::TiledCoded({37, 700}, bits).w(), false);
    }
  });
  if (!is_there) GTEST_SKIP() << "no AVX2";
}

TEST(AvxVnni, IsNotUsedBelowItsName) {
  CapVectorTarget("avx2-vnni");
  const bool has = UsesAvxVnni();
  CapVectorTarget("avx2");
  EXPECT_FALSE(UsesAvxVnni());
  CapVectorTarget("avx2-vnni");
  EXPECT_EQ(UsesAvxVnni(), has);
  hwy::DisableTargets(0);
}

}  // namespace
}  // namespace hlwq::kernels
#endif
