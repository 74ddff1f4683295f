#include "kernels/outer_products.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"

namespace hlwq::kernels {
namespace {

constexpr float kNone = -77;  // where nothing is to be written

// Rows with NaN between them, which end where the allocation ends.
struct Rows {
  Rows(size_t tokens, size_t width, unsigned seed)
      : stride(width + 3), values((tokens - 1) * stride + width, std::nanf("")) {
    const std::vector<float> gaussian = test::Gaussian(tokens * width, seed);
    for (size_t token = 0; token < tokens; ++token) {
      for (size_t i = 0; i < width; ++i) values[token * stride + i] = gaussian[token * width + i];
    }
    span.data = values.data();
    span.rows = tokens;
    span.width = width;
    span.stride = stride;
  }

  size_t stride;
  std::vector<float> values;
  RowSpan<const float> span;
};

TEST(AddOuterProducts, EqualsDoublePrecision) {
  struct Shape {
    size_t tokens, left, right;
  };
  for (const Shape shape : {Shape{1, 1, 1}, Shape{3, 2, 5}, Shape{130, 8, 48}, Shape{128, 97, 49},
                            Shape{257, 100, 151}, Shape{5, 200, 16}}) {
    SCOPED_TRACE(std::to_string(shape.tokens) + " " + std::to_string(shape.left));
    const Rows left(shape.tokens, shape.left, 1), right(shape.tokens, shape.right, 2);
    const size_t stride = shape.right + 2;
    test::ForEachTarget([&](const char*) {
      std::vector<float> sums((shape.left - 1) * stride + shape.right, kNone);
      for (size_t i = 0; i < shape.left; ++i) {
        for (size_t k = 0; k < shape.right; ++k) sums[i * stride + k] = 1;
      }
      AddOuterProducts(left.span, right.span, stride, sums);
      for (size_t i = 0; i < shape.left; ++i) {
        for (size_t k = 0; k < shape.right; ++k) {
          double want = 1, magnitude = 1;
          for (size_t token = 0; token < shape.tokens; ++token) {
            const double term = double{left.span[token][i]} * right.span[token][k];
            want += term;
            magnitude += std::abs(term);
          }
          EXPECT_NEAR(sums[i * stride + k], want, 1e-6 * magnitude);
        }
        for (size_t k = shape.right; k < stride && i + 1 < shape.left; ++k) {
          EXPECT_EQ(sums[i * stride + k], kNone);
        }
      }
    });
  }
}

TEST(AddOuterProducts, DoNotDependOnHowColumnsAreDivided) {
  const Rows rows(300, 130, 3);
  test::ForEachTarget([&](const char*) {
    std::vector<float> all(130 * 130), some(130 * 130);
    AddOuterProducts(rows.span, rows.span, 130, all);
    for (size_t i = 0; i < 130; i += 26) {
      for (size_t k = 0; k < 130; k += 65) {
        AddOuterProducts(rows.span.Columns(i, 26), rows.span.Columns(k, 65), 130,
                         std::span(some).subspan(i * 130 + k));
      }
    }
    EXPECT_EQ(all, some);
  });
}

TEST(AddOuterProducts, AreTheSameOnAllTargetsWithFusedSteps) {
  const Rows left(300, 70, 4), right(300, 110, 5);
  std::vector<float> first;
  test::ForEachTarget([&](std::string_view target) {
    if (!target.starts_with("AVX") && !target.starts_with("NEON")) return;
    std::vector<float> sums(70 * 110);
    AddOuterProducts(left.span, right.span, 110, sums);
    if (first.empty()) first = sums;
    EXPECT_EQ(sums, first);
  });
}

TEST(AddOuterProducts, OfNothingChangesNothing) {
  std::vector<float> sums = {1, 2};
  AddOuterProducts({}, {}, 2, sums);
  EXPECT_EQ(sums, (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace hlwq::kernels
