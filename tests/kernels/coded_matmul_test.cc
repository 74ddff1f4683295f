#include "kernels/coded_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "codec/bitpack.h"
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

std::vector<std::vector<float>> TokenRows(size_t tokens, size_t in) {
  const std::vector<float> values = Activations(tokens * in);
  std::vector<std::vector<float>> rows;
  for (size_t t = 0; t < tokens; ++t) {
    rows.emplace_back(values.begin() + static_cast<ptrdiff_t>(t * in),
                      values.begin() + static_cast<ptrdiff_t>((t + 1) * in));
  }
  return rows;
}

RotatedInputs Rotated(std::span<const std::vector<float>> rows, DotWidth width) {
  RotatedInputs inputs(rows.size(), rows[0].size());
  for (size_t t = 0; t < rows.size(); ++t) inputs.Set(t, rows[t], width);
  return inputs;
}

// y [token, row] without gaps.
std::vector<float> MatMul(const CodedMatrix& w, const RotatedInputs& inputs, size_t tokens) {
  std::vector<float> y(tokens * w.shape.out, -1.0f);
  CodedMatMul(w, inputs, {0, tokens}, {0, w.shape.out}, w.shape.out, y);
  return y;
}

struct Case {
  MatrixShape shape;
  size_t tokens;
};
const std::vector<Case> kCases = {{{1, 1}, 1},     {{3, 100}, 2},   {{17, 128}, 3}, {{64, 576}, 7},
                                  {{65, 300}, 13}, {{130, 257}, 5}, {{32, 1500}, 4}};

template <typename Body>
void ForEachMatrix(Body body) {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const codec::BitOrder order : kOrders) {
      if (!codec::BitOrderHolds(order, bits)) continue;
      for (const Case& c : kCases) {
        for (const DType norm_dtype : {DType::kF16, DType::kF32}) {
          SCOPED_TRACE("b" + std::to_string(bits) + " " + std::string(codec::BitOrderName(order)) +
                       " " + std::to_string(c.shape.out) + "x" + std::to_string(c.shape.in) +
                       " norms " + std::string(DTypeName(norm_dtype)));
          body(RandomMatrix(c.shape, LloydMax(bits), order, norm_dtype), c.tokens);
        }
      }
    }
  }
}

TEST(CodedMatMul, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomMatrix& matrix, size_t tokens) {
      const CodedMatrix& w = matrix.w();
      const RotatedInputs inputs = Rotated(TokenRows(tokens, w.shape.in), w.levels->width);
      const std::vector<float> y = MatMul(w, inputs, tokens);
      for (size_t token = 0; token < tokens; ++token) {
        for (size_t row = 0; row < w.shape.out; ++row) {
          const Product want = IntegerProduct(matrix, inputs, token, row);
          ASSERT_NEAR(y[token * w.shape.out + row], want.value, kTolerance * want.magnitude)
              << token << " " << row;
        }
      }
    });
  });
}

// With one block there is no sum of floats: nothing but the integers and three multiplications.
TEST(CodedMatMul, SumsOfABlockAreExactOnEveryTarget) {
  for (int bits = 1; bits <= 8; ++bits) {
    const RandomMatrix matrix({80, 128}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
    const CodedMatrix& w = matrix.w();
    const RotatedInputs inputs = Rotated(TokenRows(9, 128), w.levels->width);
    std::vector<float> want(9 * 80);
    for (size_t token = 0; token < 9; ++token) {
      for (size_t row = 0; row < 80; ++row) {
        const float factor =
            matrix.norm(row) * w.levels->step * inputs.scales(token, w.levels->width)[0];
        const auto sum = static_cast<float>(test::IntegerBlock(matrix, inputs, token, row, 0).sum);
        want[token * 80 + row] = sum * factor;
      }
    }
    test::ForEachTarget([&](const char*) { EXPECT_EQ(MatMul(w, inputs, 9), want) << bits; });
  }
}

TEST(CodedMatMul, IsCloseToTheProductWithDecodedWeights) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      const RandomMatrix matrix({40, 1100}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      const CodedMatrix& w = matrix.w();
      const auto rows = TokenRows(8, 1100);
      const std::vector<float> y = MatMul(w, Rotated(rows, w.levels->width), 8);
      double error = 0;
      double energy = 0;
      for (size_t token = 0; token < 8; ++token) {
        for (size_t row = 0; row < 40; ++row) {
          const double want = DecodedProduct(matrix, rows[token], row);
          error += (y[token * 40 + row] - want) * (y[token * 40 + row] - want);
          energy += want * want;
        }
      }
      // As for one vector: 4e-5 of the energy for 8-bit activations with 128 to a scale, up to 4e-5
      // for 8-bit levels; a thousandth of that for 13 bits.
      const bool narrow = bits <= 5;
      EXPECT_LT(error, (narrow ? 1.2e-4 : 2e-7) * energy) << bits;
      EXPECT_GT(error, (narrow ? 1e-5 : 1e-9) * energy) << bits;
    }
  });
}

TEST(CodedMatMul, ATokenDoesNotDependOnTheOthers) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {2, 5, 8}) {
      // More tokens than are taken at a time.
      const size_t most = 530;
      const RandomMatrix matrix({70, 700}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      const CodedMatrix& w = matrix.w();
      const auto rows = TokenRows(most, 700);
      const std::vector<float> all = MatMul(w, Rotated(rows, w.levels->width), most);
      for (const size_t tokens : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 511, 512, 513}) {
        const size_t first = (most - tokens) / 2;
        const std::span<const std::vector<float>> some(rows.data() + first, tokens);
        const std::vector<float> y = MatMul(w, Rotated(some, w.levels->width), tokens);
        const auto begin = all.begin() + static_cast<ptrdiff_t>(first * 70);
        const std::vector<float> want(begin, begin + static_cast<ptrdiff_t>(tokens * 70));
        ASSERT_EQ(y, want) << bits << " bits, " << tokens << " tokens";
      }
    }
  });
}

TEST(CodedMatMul, WritesTheRowsOfTheRangeAlone) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {4, 7}) {
      const RandomMatrix matrix({150, 400}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      test::ExpectMatMulOfRangesAlone(matrix.w());
    }
  });
}

// The largest integers on both sides, all of one sign: sums of a block come close to 2^31.
TEST(CodedMatMul, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = 1; bits <= 8; ++bits) {
      for (const float sign : {1.0f, -1.0f}) {
        const std::vector<float> table(size_t{1} << bits, sign);
        const RandomMatrix matrix({20, 256}, table, codec::BitOrder::kMsb, DType::kF16);
        std::vector<float> x(256, 0.0f);
        x[0] = 3.0f;  // rotates to equal values
        x[128] = -5.0f;
        const std::vector<std::vector<float>> rows(7, x);
        const RotatedInputs inputs = Rotated(rows, matrix.w().levels->width);
        const std::vector<float> y = MatMul(matrix.w(), inputs, 7);
        for (size_t at = 0; at < y.size(); ++at) {
          const Product want = IntegerProduct(matrix, inputs, at / 20, at % 20);
          ASSERT_NEAR(y[at], want.value, kTolerance * want.magnitude) << bits;
        }
      }
    }
  });
}

TEST(CodedMatMul, ANonFiniteTokenSpoilsNoOther) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {5, 8}) {
      const RandomMatrix matrix({20, 576}, LloydMax(bits), codec::BitOrder::kMsb, DType::kF16);
      auto rows = TokenRows(4, 576);
      rows[2][300] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> y = MatMul(matrix.w(), Rotated(rows, matrix.w().levels->width), 4);
      for (size_t at = 0; at < y.size(); ++at) EXPECT_EQ(std::isfinite(y[at]), at / 20 != 2);
    }
  });
}

TEST(CodedMatMul, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomMatrix& matrix, size_t tokens) {
      const CodedMatrix& w = matrix.w();
      const RotatedInputs inputs = Rotated(TokenRows(tokens, w.shape.in), w.levels->width);
      const std::vector<float> want = MatMul(w, inputs, tokens);
      for (const bool at_end : {false, true}) {
        const GuardedBytes packed(w.packed, at_end);
        const GuardedBytes norms(w.norms, at_end);
        CodedMatrix guarded = w;
        guarded.packed = packed.span();
        guarded.norms = norms.span();
        EXPECT_EQ(MatMul(guarded, inputs, tokens), want);
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
