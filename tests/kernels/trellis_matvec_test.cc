#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/trellis_matmul.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/few_tokens.h"
#include "tests/kernels/random_trellis_matrix.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

using test::Activations;
using test::GuardedBytes;
using test::kTolerance;
using test::Product;
using test::RandomTrellisMatrix;

template <typename Body>
void ForEachMatrix(Body body) {
  const std::vector<MatrixShape> shapes = {{1, 1},    {3, 100},  {5, 128},   {9, 576}, {6, 1024},
                                           {4, 1920}, {7, 2048}, {16, 2200}, {2, 5632}};
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    for (const MatrixShape& shape : shapes) {
      SCOPED_TRACE("t" + std::to_string(bits) + " in " + std::to_string(shape.in));
      body(RandomTrellisMatrix(shape, bits));
    }
  }
}

RotatedInputs Rotated(std::span<const float> x, DotWidth width) {
  RotatedInputs inputs(1, x.size());
  inputs.Set(0, x, width);
  return inputs;
}

std::vector<float> MatVec(const TrellisMatrix& w, const RotatedInputs& inputs) {
  std::vector<float> y(w.shape.out, -1.0f);
  CodedMatVec(w, inputs, 0, {0, w.shape.out}, y);
  return y;
}

TEST(TrellisMatVec, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomTrellisMatrix& matrix) {
      const TrellisMatrix& w = matrix.w();
      const RotatedInputs inputs = Rotated(Activations(w.shape.in), w.levels->width);
      const std::vector<float> y = MatVec(w, inputs);
      for (size_t row = 0; row < w.shape.out; ++row) {
        const Product want = test::IntegerProduct(matrix, inputs, 0, row);
        ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << row;
      }
    });
  });
}

TEST(TrellisMatVec, IsCloseToTheProductWithDecodedWeights) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      const RandomTrellisMatrix matrix({64, 1100}, bits);
      const std::vector<float> x = Activations(1100);
      const std::vector<float> y = MatVec(matrix.w(), Rotated(x, matrix.w().levels->width));
      double error = 0;
      double energy = 0;
      for (size_t row = 0; row < y.size(); ++row) {
        const double want = test::DecodedProduct(matrix, x, row);
        error += (y[row] - want) * (y[row] - want);
        energy += want * want;
      }
      // Activations of 8 bits with 128 to a scale: 4e-5; of 13 bits a thousandth. Levels are exact.
      const bool is_narrow = bits <= 5;
      EXPECT_LT(error, (is_narrow ? 1.2e-4 : 2e-7) * energy) << bits;
      EXPECT_GT(error, (is_narrow ? 1e-5 : 1e-9) * energy) << bits;
    }
  });
}

TEST(TrellisMatVec, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      const RandomTrellisMatrix matrix({23, 2200}, bits);
      const RotatedInputs inputs = Rotated(Activations(2200), matrix.w().levels->width);
      const std::vector<float> all = MatVec(matrix.w(), inputs);
      for (size_t begin = 0; begin < 23; ++begin) {
        for (const size_t rows : {size_t{0}, size_t{1}, size_t{3}, size_t{6}}) {
          const size_t end = std::min<size_t>(begin + rows, 23);
          std::vector<float> part(23, 123.0f);
          CodedMatVec(matrix.w(), inputs, 0, {begin, end}, part);
          for (size_t row = 0; row < 23; ++row) {
            ASSERT_EQ(part[row], row >= begin && row < end ? all[row] : 123.0f) << row;
          }
        }
      }
    }
  });
}

TEST(TrellisMatVecs, ATokenHasTheBitsThatItHasAlone) {
  constexpr size_t kTokens = 19;
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomTrellisMatrix& matrix) {
      const TrellisMatrix& w = matrix.w();
      test::ExpectBitsOfSingleTokens(w, test::ManyInputs(kTokens, w.shape.in, w.levels->width),
                                     kTokens);
    });
  });
}

TEST(TrellisMatVecs, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {3, 6}) {
      const RandomTrellisMatrix matrix({21, 2200}, bits);
      test::ExpectRowsApartFromOthers(matrix.w(),
                                      test::ManyInputs(5, 2200, matrix.w().levels->width), 5);
    }
  });
}

// The largest integers on both sides: sums of groups come close to where 8- and 16-bit steps
// between would saturate, and to 2^30.
TEST(TrellisMatVec, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      for (const std::byte fill : {std::byte{0}, std::byte{255}, std::byte{0x55}}) {
        RandomTrellisMatrix matrix({3, 256}, test::ExtremeLevels(bits));
        matrix.FillCodes(fill);
        std::vector<float> x(256, 0.0f);
        x[0] = 3.0f;  // rotates to equal values
        x[128] = -3.0f;
        const RotatedInputs inputs = Rotated(x, matrix.w().levels->width);
        const std::vector<float> y = MatVec(matrix.w(), inputs);
        for (size_t row = 0; row < y.size(); ++row) {
          const Product want = test::IntegerProduct(matrix, inputs, 0, row);
          ASSERT_GT(want.magnitude, 0);
          ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
        }
      }
    }
  });
}

TEST(TrellisMatVec, NonFiniteInputsGiveNonFiniteProducts) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {5, 6}) {
      const RandomTrellisMatrix matrix({3, 576}, bits);
      std::vector<float> x = Activations(576);
      x[300] = std::numeric_limits<float>::quiet_NaN();
      for (const float value : MatVec(matrix.w(), Rotated(x, matrix.w().levels->width))) {
        EXPECT_FALSE(std::isfinite(value));
      }
    }
  });
}

TEST(TrellisMatVec, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomTrellisMatrix& matrix) {
      const TrellisMatrix& w = matrix.w();
      const RotatedInputs inputs = test::ManyInputs(3, w.shape.in, w.levels->width);
      const std::vector<float> want = MatVec(w, inputs);
      std::vector<float> of_three(3 * w.shape.out), got(3 * w.shape.out);
      CodedMatVecs(w, inputs, {0, 3}, {0, w.shape.out}, w.shape.out, of_three);
      for (const bool at_end : {false, true}) {
        const GuardedBytes codes(w.codes, at_end);
        const GuardedBytes scales(w.scales, at_end);
        const GuardedBytes row_scales(w.row_scales, at_end);
        TrellisMatrix guarded = w;
        guarded.codes = codes.span();
        guarded.scales = scales.span();
        guarded.row_scales = row_scales.span();
        EXPECT_EQ(MatVec(guarded, inputs), want);
        CodedMatVecs(guarded, inputs, {0, 3}, {0, w.shape.out}, w.shape.out, got);
        EXPECT_EQ(got, of_three);
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
