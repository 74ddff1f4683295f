#include "kernels/tile_matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/kernels/few_tokens.h"
#include "tests/kernels/random_trellis_matrix.h"
#include "tests/kernels/tiled_matrix.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

using test::GuardedBytes;
using test::kTolerance;
using test::Product;
using test::RandomTrellisMatrix;
using test::TiledCoded;

// Calls body(matrix) for both codes, all widths and several shapes.
template <typename Body>
void ForEachTiled(Body body) {
  const std::vector<MatrixShape> shapes = {{1, 1},     {3, 100},   {16, 128}, {17, 576},
                                           {40, 1024}, {33, 1920}, {64, 2200}};
  for (const MatrixShape& shape : shapes) {
    const std::string of_shape = " " + std::to_string(shape.out) + "x" + std::to_string(shape.in);
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      SCOPED_TRACE("trellis " + std::to_string(bits) + of_shape);
      body(RandomTrellisMatrix(shape, bits));
      body(RandomTrellisMatrix(shape, bits, 5));
    }
    for (const int bits : {4, 5}) {
      SCOPED_TRACE("plain " + std::to_string(bits) + of_shape);
      body(TiledCoded(shape, bits));
    }
  }
}

template <class Matrix>
std::vector<float> MatVecs(const Matrix& w, const RotatedInputs& inputs, size_t tokens) {
  std::vector<float> y(tokens * w.shape.out, -1.0f);
  CodedMatVecs(w, inputs, {0, tokens}, {0, w.shape.out}, w.shape.out, y);
  return y;
}

TEST(TileMatVec, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachTiled([&](const auto& matrix) {
      const auto& w = matrix.w();
      const RotatedInputs inputs = test::InputsOf(w, 3);
      const std::vector<float> y = MatVecs(w, inputs, 3);
      for (size_t at = 0; at < y.size(); ++at) {
        const size_t token = at / w.shape.out, row = at % w.shape.out;
        const Product want = test::IntegerProduct(matrix, inputs, token, row);
        ASSERT_NEAR(y[at], want.value, kTolerance * want.magnitude) << token << " " << row;
      }
    });
  });
}

TEST(TileMatVec, IsCloseToTheProductWithDecodedWeights) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      const RandomTrellisMatrix matrix({64, 1070}, bits);
      const std::vector<float> x = test::Activations(1070);
      RotatedInputs inputs(1, 1070, LastBlockOf(matrix.w()));
      inputs.Set(0, x, matrix.w().levels->width);
      const std::vector<float> y = MatVecs(matrix.w(), inputs, 1);
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

TEST(TileMatVec, ATokenHasTheBitsThatItHasAlone) {
  test::ForEachTarget([&](const char*) {
    ForEachTiled([&](const auto& matrix) {
      const auto& w = matrix.w();
      test::ExpectBitsOfSingleTokens(w, test::InputsOf(w, 19), 19);
    });
  });
}

TEST(TileMatVec, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {3, 5, 6}) {
      const RandomTrellisMatrix matrix({37, 1100}, bits, static_cast<size_t>(bits));
      test::ExpectRowsApartFromOthers(matrix.w(), test::InputsOf(matrix.w(), 5), 5);
    }
    const TiledCoded matrix({37, 1100}, 5);
    test::ExpectRowsApartFromOthers(matrix.w(), test::InputsOf(matrix.w(), 5), 5);
  });
}

template <class Matrix>
std::vector<float> MatMul(const Matrix& w, const RotatedInputs& inputs, size_t tokens) {
  std::vector<float> y(tokens * w.shape.out, -1.0f);
  CodedMatMul(w, inputs, {0, tokens}, {0, w.shape.out}, w.shape.out, y);
  return y;
}

TEST(TileMatMul, HasTheBitsOfMatVecs) {
  test::ForEachTarget([&](const char*) {
    ForEachTiled([&](const auto& matrix) {
      const auto& w = matrix.w();
      const RotatedInputs inputs = test::InputsOf(w, 13);
      ASSERT_EQ(MatMul(w, inputs, 13), MatVecs(w, inputs, 13));
    });
  });
}

TEST(TileMatMul, ATokenDoesNotDependOnTheOthers) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {2, 5, 6}) {
      // More tokens than are taken at a time.
      constexpr size_t kMost = 530, kIn = 680, kOut = 70;
      const RandomTrellisMatrix matrix({kOut, kIn}, bits);
      const TrellisMatrix& w = matrix.w();
      const RotatedInputs inputs = test::InputsOf(w, kMost);
      const std::vector<float> all = MatMul(w, inputs, kMost);
      for (const size_t tokens : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 511, 512, 513}) {
        const size_t first = (kMost - tokens) / 2;
        std::vector<float> y(tokens * kOut, -1.0f);
        CodedMatMul(w, inputs, {first, first + tokens}, {0, kOut}, kOut, y);
        const auto want = std::span(all).subspan(first * kOut, tokens * kOut);
        ASSERT_TRUE(std::ranges::equal(y, want)) << bits << " bits, " << tokens << " tokens";
      }
    }
  });
}

TEST(TileMatMul, WritesTheRowsOfTheRangeAlone) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {4, 6}) {
      for (const size_t first_row : {0, 3}) {
        const RandomTrellisMatrix matrix({150, 400}, bits, first_row);
        test::ExpectMatMulOfRangesAlone(matrix.w());
      }
    }
  });
}

// As of rows one after another: the largest integers on both sides.
TEST(TileMatVec, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      for (const std::byte fill : {std::byte{0}, std::byte{255}, std::byte{0x55}}) {
        RandomTrellisMatrix matrix({20, 256}, test::ExtremeLevels(bits));
        matrix.FillCodes(fill);
        std::vector<float> x(256, 0.0f);
        x[0] = 3.0f;  // rotates to equal values
        x[128] = -3.0f;
        RotatedInputs inputs(1, 256);
        inputs.Set(0, x, matrix.w().levels->width);
        const std::vector<float> y = MatVecs(matrix.w(), inputs, 1);
        for (size_t row = 0; row < y.size(); ++row) {
          const Product want = test::IntegerProduct(matrix, inputs, 0, row);
          ASSERT_GT(want.magnitude, 0);
          ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
        }
        ASSERT_EQ(MatMul(matrix.w(), inputs, 1), y) << bits;
      }
    }
  });
}

TEST(TileMatVec, NonFiniteInputsGiveNonFiniteProducts) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {5, 6}) {
      const RandomTrellisMatrix matrix({18, 576}, bits);
      std::vector<float> x = test::Activations(576);
      x[300] = std::numeric_limits<float>::quiet_NaN();
      RotatedInputs inputs(1, 576, LastBlockOf(matrix.w()));
      inputs.Set(0, x, matrix.w().levels->width);
      for (const float value : MatVecs(matrix.w(), inputs, 1)) EXPECT_FALSE(std::isfinite(value));
    }
  });
}

TEST(TileMatVec, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachTiled([&](const auto& matrix) {
      auto w = matrix.w();
      const RotatedInputs inputs = test::InputsOf(w, 3);
      const std::vector<float> want = MatVecs(w, inputs, 3);
      for (const bool at_end : {false, true}) {
        const GuardedBytes codes(matrix.w().codes, at_end);
        w.codes = codes.span();
        if constexpr (requires { w.norms; }) {
          const GuardedBytes norms(matrix.w().norms, at_end);
          w.norms = norms.span();
          EXPECT_EQ(MatVecs(w, inputs, 3), want);
          EXPECT_EQ(MatMul(w, inputs, 3), want);
        } else {
          const GuardedBytes scales(matrix.w().scales, at_end);
          const GuardedBytes row_scales(matrix.w().row_scales, at_end);
          w.scales = scales.span();
          w.row_scales = row_scales.span();
          EXPECT_EQ(MatVecs(w, inputs, 3), want);
          EXPECT_EQ(MatMul(w, inputs, 3), want);
        }
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
