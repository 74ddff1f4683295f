#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codec/bitpack.h"
#include "kernels/coded_matmul.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/few_tokens.h"
#include "tests/kernels/random_coded_matrix.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

using test::Activations;
using test::DecodedProduct;
using test::GuardedBytes;
using test::IntegerProduct;
using test::kOrders;
using test::kTolerance;
using test::LloydMax;
using test::Product;
using test::RandomMatrix;

struct Case {
  MatrixShape shape;
  int bits;
  codec::BitOrder order;
  DType norm_dtype;
};
template <typename Body>
void ForEachCase(Body body) {
  const std::vector<MatrixShape> shapes = {{1, 1},    {3, 100},  {5, 128},   {9, 576},
                                           {4, 1920}, {7, 2048}, {16, 2200}, {2, 5632}};
  for (int bits = 1; bits <= 8; ++bits) {
    for (const codec::BitOrder order : kOrders) {
      if (!codec::BitOrderHolds(order, bits)) continue;
      for (const MatrixShape& shape : shapes) {
        for (const DType norm_dtype : {DType::kF16, DType::kF32}) {
          SCOPED_TRACE("b" + std::to_string(bits) + " " + std::string(codec::BitOrderName(order)) +
                       " in " + std::to_string(shape.in) + " norms " +
                       std::string(DTypeName(norm_dtype)));
          body(Case{shape, bits, order, norm_dtype});
        }
      }
    }
  }
}

TEST(CodedMatVec, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachCase([&](const Case& c) {
      const RandomMatrix matrix(c.shape, LloydMax(c.bits), c.order, c.norm_dtype);
      const std::vector<float> x = Activations(c.shape.in);
      RotatedInputs inputs(2, c.shape.in);
      inputs.Set(1, x, matrix.w().levels->width);
      std::vector<float> y(c.shape.out, -1.0f);
      CodedMatVec(matrix.w(), inputs, 1, {0, c.shape.out}, y);
      for (size_t row = 0; row < c.shape.out; ++row) {
        const Product want = IntegerProduct(matrix, inputs, 1, row);
        ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << row;
      }
    });
  });
}

TEST(CodedMatVec, IsCloseToTheProductWithDecodedWeights) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      const MatrixShape shape = {64, 1100};
      const RandomMatrix matrix(shape, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      const std::vector<float> x = Activations(shape.in);
      RotatedInputs inputs(1, shape.in);
      inputs.Set(0, x, matrix.w().levels->width);
      std::vector<float> y(shape.out);
      CodedMatVec(matrix.w(), inputs, 0, {0, shape.out}, y);
      double error = 0;
      double energy = 0;
      for (size_t row = 0; row < shape.out; ++row) {
        const double want = DecodedProduct(matrix, x, row);
        error += (y[row] - want) * (y[row] - want);
        energy += want * want;
      }
      // Activations of 8 bits with 128 to a scale: 4e-5; levels of 8 bits: 4e-5 at most. Of 13
      // bits: a thousandth of that.
      const bool narrow = bits <= 5;
      EXPECT_LT(error, (narrow ? 1.2e-4 : 2e-7) * energy) << bits;
      EXPECT_GT(error, (narrow ? 1e-5 : 1e-9) * energy) << bits;
    }
  });
}

TEST(CodedMatVec, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      const MatrixShape shape = {23, 2200};
      const RandomMatrix matrix(shape, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, shape.in);
      inputs.Set(0, Activations(shape.in), matrix.w().levels->width);
      std::vector<float> all(shape.out);
      CodedMatVec(matrix.w(), inputs, 0, {0, shape.out}, all);
      for (size_t begin = 0; begin < shape.out; ++begin) {
        for (const size_t rows : {size_t{0}, size_t{1}, size_t{3}, size_t{6}}) {
          const size_t end = std::min<size_t>(begin + rows, shape.out);
          std::vector<float> part(shape.out, 123.0f);
          CodedMatVec(matrix.w(), inputs, 0, {begin, end}, part);
          for (size_t row = 0; row < shape.out; ++row) {
            ASSERT_EQ(part[row], row >= begin && row < end ? all[row] : 123.0f) << row;
          }
        }
      }
    }
  });
}

// Levels that files may hold but no sensible table has.
TEST(CodedMatVec, TakesAnyTable) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      std::vector<float> table(size_t{1} << bits);
      for (size_t k = 0; k < table.size(); ++k)
        table[k] = static_cast<float>(k * 37 % table.size());
      const RandomMatrix matrix({4, 640}, table, codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, 640);
      inputs.Set(0, Activations(640), matrix.w().levels->width);
      std::vector<float> y(4);
      CodedMatVec(matrix.w(), inputs, 0, {0, 4}, y);
      for (size_t row = 0; row < 4; ++row) {
        const Product want = IntegerProduct(matrix, inputs, 0, row);
        ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
      }
    }
  });
}

// The largest integers on both sides, all of one sign: sums of a block come close to 2^31.
TEST(CodedMatVec, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      for (const float sign : {1.0f, -1.0f}) {
        std::vector<float> table(size_t{1} << bits, sign);
        const RandomMatrix matrix({2, 256}, table, codec::BitOrder::kMsb, DType::kF16);
        RotatedInputs inputs(1, 256);
        std::vector<float> x(256, 0.0f);
        x[0] = 3.0f;  // rotates to equal values
        x[128] = -3.0f;
        inputs.Set(0, x, matrix.w().levels->width);
        std::vector<float> y(2);
        CodedMatVec(matrix.w(), inputs, 0, {0, 2}, y);
        for (size_t row = 0; row < 2; ++row) {
          const Product want = IntegerProduct(matrix, inputs, 0, row);
          ASSERT_GT(want.magnitude, 0);
          ASSERT_NEAR(y[row], want.value, kTolerance * want.magnitude) << bits;
        }
      }
    }
  });
}

TEST(CodedMatVec, NonFiniteInputsGiveNonFiniteProducts) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {5, 8}) {
      const RandomMatrix matrix({3, 576}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      RotatedInputs inputs(1, 576);
      std::vector<float> x = Activations(576);
      x[300] = std::numeric_limits<float>::quiet_NaN();
      inputs.Set(0, x, matrix.w().levels->width);
      std::vector<float> y(3);
      CodedMatVec(matrix.w(), inputs, 0, {0, 3}, y);
      for (const float value : y) EXPECT_FALSE(std::isfinite(value));
    }
  });
}

TEST(CodedMatVecs, ATokenHasTheBitsThatItHasAlone) {
  constexpr size_t kTokens = 19;
  test::ForEachTarget([&](const char*) {
    ForEachCase([&](const Case& c) {
      const RandomMatrix matrix(c.shape, LloydMax(c.bits), c.order, c.norm_dtype);
      const RotatedInputs inputs = test::ManyInputs(kTokens, c.shape.in, matrix.w().levels->width);
      test::ExpectBitsOfSingleTokens(matrix.w(), inputs, kTokens);
    });
  });
}

TEST(CodedMatVecs, ARowDoesNotDependOnTheNormsOfOthers) {
  test::ForEachTarget([&](const char*) {
    for (const DType norm_dtype : {DType::kF16, DType::kF32}) {
      for (const size_t in : {size_t{576}, size_t{2200}}) {
        const RandomMatrix matrix({3, in}, LloydMax(5), codec::BitOrder::kMsb, norm_dtype);
        std::vector<std::byte> norms(matrix.w().norms.begin(), matrix.w().norms.end());
        std::fill(norms.begin() + static_cast<ptrdiff_t>(norms.size() / 3), norms.end(),
                  std::byte{0xFF});  // no numbers
        CodedMatrix other = matrix.w();
        other.norms = norms;
        const RotatedInputs inputs = test::ManyInputs(5, in, matrix.w().levels->width);
        for (const size_t tokens : {1, 2, 5}) {
          std::vector<float> want(tokens), y(tokens);
          CodedMatVecs(matrix.w(), inputs, {0, tokens}, {0, 1}, 1, want);
          CodedMatVecs(other, inputs, {0, tokens}, {0, 1}, 1, y);
          EXPECT_EQ(y, want);
        }
      }
    }
  });
}

TEST(CodedMatVecs, ARowDoesNotDependOnTheRange) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {3, 5, 8}) {
      const RandomMatrix matrix({41, 2200}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      const RotatedInputs inputs = test::ManyInputs(5, 2200, matrix.w().levels->width);
      test::ExpectRowsApartFromOthers(matrix.w(), inputs, 5);
    }
  });
}

TEST(CodedMatVec, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachCase([&](const Case& c) {
      const RandomMatrix matrix(c.shape, LloydMax(c.bits), c.order, c.norm_dtype);
      constexpr size_t kTokens = 3;
      const size_t out = c.shape.out;
      const RotatedInputs inputs = test::ManyInputs(kTokens, c.shape.in, matrix.w().levels->width);
      std::vector<float> want(kTokens * out), y(kTokens * out);
      CodedMatVecs(matrix.w(), inputs, {0, kTokens}, {0, out}, out, want);
      for (const bool at_end : {false, true}) {
        const GuardedBytes packed(matrix.w().packed, at_end);
        const GuardedBytes norms(matrix.w().norms, at_end);
        CodedMatrix guarded = matrix.w();
        guarded.packed = packed.span();
        guarded.norms = norms.span();
        CodedMatVecs(guarded, inputs, {0, kTokens}, {0, out}, out, y);
        EXPECT_EQ(y, want);
        CodedMatVec(guarded, inputs, 0, {0, out}, std::span(y).first(out));
        EXPECT_EQ(y, want);
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
