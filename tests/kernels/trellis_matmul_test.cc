#include "kernels/trellis_matmul.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

RotatedInputs Rotated(std::span<const float> x, size_t in, DotWidth width) {
  RotatedInputs inputs(x.size() / in, in);
  for (size_t t = 0; t < x.size() / in; ++t) inputs.Set(t, x.subspan(t * in, in), width);
  return inputs;
}

// y [token, row] without gaps.
std::vector<float> MatMul(const TrellisMatrix& w, const RotatedInputs& inputs, size_t tokens) {
  std::vector<float> y(tokens * w.shape.out, -1.0f);
  CodedMatMul(w, inputs, {0, tokens}, {0, w.shape.out}, w.shape.out, y);
  return y;
}

struct Case {
  MatrixShape shape;
  size_t tokens;
};
template <typename Body>
void ForEachMatrix(Body body) {
  const std::vector<Case> cases = {{{1, 1}, 1},     {{3, 100}, 2},   {{17, 128}, 3}, {{64, 576}, 7},
                                   {{65, 300}, 13}, {{130, 257}, 5}, {{32, 1500}, 4}};
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    for (const Case& c : cases) {
      SCOPED_TRACE("t" + std::to_string(bits) + " " + std::to_string(c.shape.out) + "x" +
                   std::to_string(c.shape.in));
      body(RandomTrellisMatrix(c.shape, bits), c.tokens);
    }
  }
}

TEST(TrellisMatMul, IsTheProductOfTheIntegersOnEveryTarget) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomTrellisMatrix& matrix, size_t tokens) {
      const TrellisMatrix& w = matrix.w();
      const RotatedInputs inputs =
          Rotated(Activations(tokens * w.shape.in), w.shape.in, w.levels->width);
      const std::vector<float> y = MatMul(w, inputs, tokens);
      for (size_t token = 0; token < tokens; ++token) {
        for (size_t row = 0; row < w.shape.out; ++row) {
          const Product want = test::IntegerProduct(matrix, inputs, token, row);
          ASSERT_NEAR(y[token * w.shape.out + row], want.value, kTolerance * want.magnitude)
              << token << " " << row;
        }
      }
    });
  });
}

TEST(TrellisMatMul, ATokenDoesNotDependOnTheOthers) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {2, 5, 6}) {
      // More tokens than are taken at a time.
      const size_t most = 530;
      const RandomTrellisMatrix matrix({70, 700}, bits);
      const TrellisMatrix& w = matrix.w();
      const std::vector<float> x = Activations(most * 700);
      const std::vector<float> all = MatMul(w, Rotated(x, 700, w.levels->width), most);
      for (const size_t tokens : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 511, 512, 513}) {
        const size_t first = (most - tokens) / 2;
        const auto some = std::span(x).subspan(first * 700, tokens * 700);
        const std::vector<float> y = MatMul(w, Rotated(some, 700, w.levels->width), tokens);
        const auto begin = all.begin() + static_cast<ptrdiff_t>(first * 70);
        const std::vector<float> want(begin, begin + static_cast<ptrdiff_t>(tokens * 70));
        ASSERT_EQ(y, want) << bits << " bits, " << tokens << " tokens";
      }
    }
  });
}

TEST(TrellisMatMul, WritesTheRowsOfTheRangeAlone) {
  test::ForEachTarget([&](const char*) {
    for (const int bits : {4, 6}) {
      const RandomTrellisMatrix matrix({150, 400}, bits);
      test::ExpectMatMulOfRangesAlone(matrix.w());
    }
  });
}

TEST(TrellisMatMul, ExtremeIntegersDoNotOverflow) {
  test::ForEachTarget([&](const char*) {
    for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
      for (const std::byte fill : {std::byte{0}, std::byte{255}, std::byte{0x55}}) {
        RandomTrellisMatrix matrix({20, 256}, test::ExtremeLevels(bits));
        matrix.FillCodes(fill);
        std::vector<float> x(7 * 256, 0.0f);
        for (size_t token = 0; token < 7; ++token) {
          x[token * 256] = 3.0f;  // rotates to equal values
          x[token * 256 + 128] = -5.0f;
        }
        const RotatedInputs inputs = Rotated(x, 256, matrix.w().levels->width);
        const std::vector<float> y = MatMul(matrix.w(), inputs, 7);
        for (size_t at = 0; at < y.size(); ++at) {
          const Product want = test::IntegerProduct(matrix, inputs, at / 20, at % 20);
          ASSERT_NEAR(y[at], want.value, kTolerance * want.magnitude) << bits;
        }
      }
    }
  });
}

TEST(TrellisMatMul, ReadsNothingOutsideItsSpans) {
  test::ForEachTarget([&](const char*) {
    ForEachMatrix([&](const RandomTrellisMatrix& matrix, size_t tokens) {
      const TrellisMatrix& w = matrix.w();
      const RotatedInputs inputs =
          Rotated(Activations(tokens * w.shape.in), w.shape.in, w.levels->width);
      const std::vector<float> want = MatMul(w, inputs, tokens);
      for (const bool at_end : {false, true}) {
        const GuardedBytes codes(w.codes, at_end);
        const GuardedBytes scales(w.scales, at_end);
        const GuardedBytes row_scales(w.row_scales, at_end);
        TrellisMatrix guarded = w;
        guarded.codes = codes.span();
        guarded.scales = scales.span();
        guarded.row_scales = row_scales.span();
        EXPECT_EQ(MatMul(guarded, inputs, tokens), want);
      }
    });
  });
}

}  // namespace
}  // namespace hlwq::kernels
