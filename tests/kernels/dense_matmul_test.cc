#include "kernels/dense_matmul.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "codec/float_rows.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"

namespace hlwq::kernels {
namespace {

using test::Gaussian;

constexpr DType kTypes[] = {DType::kF16, DType::kBF16, DType::kF32};
constexpr float kNone = -77;  // where nothing is to be written

struct Shape {
  size_t out, in;
};
constexpr Shape kShapes[] = {{1, 1},   {2, 3},    {3, 15},   {5, 16},  {17, 17},
                             {6, 127}, {19, 512}, {33, 576}, {4, 2100}};

// A matrix whose data begin at an odd address and end where the allocation ends.
struct Matrix {
  Matrix(Shape shape, DType dtype, unsigned seed) : values(shape.out * shape.in) {
    const std::vector<float> gaussian = Gaussian(values.size(), seed);
    const size_t size = values.size() * BitsPerElement(dtype) / 8;
    bytes.resize(size + 1);
    const auto data = std::span(bytes).subspan(1);
    codec::FromFloatReference(gaussian, dtype, data);
    codec::ToFloatReference(dtype, data, values);
    matrix = {{shape.out, shape.in}, dtype, data};
  }
  // The sum and the sum of magnitudes, which errors are relative to.
  struct Product {
    double value = 0, magnitude = 0;
  };
  Product Times(size_t row, const float* x) const {
    Product product;
    for (size_t i = 0; i < matrix.shape.in; ++i) {
      const double term = static_cast<double>(values[row * matrix.shape.in + i]) * x[i];
      product.value += term;
      product.magnitude += std::abs(term);
    }
    return product;
  }

  std::vector<float> values;
  std::vector<std::byte> bytes;
  DenseMatrix matrix;
};

template <typename Body>
void ForEachMatrix(Body body) {
  for (const Shape shape : kShapes) {
    for (const DType dtype : kTypes) body(Matrix(shape, dtype, 1), shape);
  }
}

// `tokens` inputs with NaN between them.
std::vector<float> Inputs(size_t tokens, size_t in, size_t stride) {
  std::vector<float> x((tokens - 1) * stride + in, std::nanf(""));
  for (size_t token = 0; token < tokens; ++token) {
    const std::vector<float> values = Gaussian(in, 100 + static_cast<unsigned>(token));
    std::copy(values.begin(), values.end(), x.begin() + static_cast<ptrdiff_t>(token * stride));
  }
  return x;
}

TEST(DenseMatVec, EqualsDoublePrecision) {
  ForEachMatrix([](const Matrix& w, Shape shape) {
    const std::vector<float> x = Gaussian(shape.in + 1, 2);  // used from 1 on: unaligned
    test::ForEachTarget([&](const char*) {
      std::vector<float> y(shape.out, kNone);
      DenseMatVec(w.matrix, std::span(x).subspan(1), {0, shape.out}, y);
      for (size_t row = 0; row < shape.out; ++row) {
        const auto want = w.Times(row, x.data() + 1);
        EXPECT_NEAR(y[row], want.value, 1e-6 * want.magnitude) << shape.in;
      }
    });
  });
}

TEST(DenseMatVec, RowsDoNotDependOnTheRangeNorTouchOthers) {
  ForEachMatrix([](const Matrix& w, Shape shape) {
    const std::vector<float> x = Gaussian(shape.in, 3);
    test::ForEachTarget([&](const char*) {
      std::vector<float> all(shape.out);
      DenseMatVec(w.matrix, x, {0, shape.out}, all);
      for (size_t begin = 0; begin < shape.out; begin += 3) {
        const size_t end = std::min(shape.out, begin + 5);
        std::vector<float> some(shape.out, kNone);
        DenseMatVec(w.matrix, x, {begin, end}, some);
        for (size_t row = 0; row < shape.out; ++row) {
          EXPECT_EQ(some[row], row >= begin && row < end ? all[row] : kNone);
        }
      }
    });
  });
}

TEST(DenseMatMul, EqualsDoublePrecision) {
  for (const size_t tokens : {size_t{1}, size_t{2}, size_t{7}, size_t{50}}) {
    ForEachMatrix([&](const Matrix& w, Shape shape) {
      const size_t stride = shape.in + 3;
      const std::vector<float> x = Inputs(tokens, shape.in, stride);
      test::ForEachTarget([&](const char*) {
        std::vector<float> y(tokens * shape.out, kNone);
        DenseMatMul(w.matrix, x, stride, tokens, {0, shape.out}, shape.out, y);
        for (size_t token = 0; token < tokens; ++token) {
          for (size_t row = 0; row < shape.out; ++row) {
            const auto want = w.Times(row, x.data() + token * stride);
            EXPECT_NEAR(y[token * shape.out + row], want.value, 1e-6 * want.magnitude);
          }
        }
      });
    });
  }
}

TEST(DenseMatMul, EveryTokenHasTheBitsOfDenseMatVec) {
  ForEachMatrix([](const Matrix& w, Shape shape) {
    const size_t stride = shape.in, y_stride = shape.out + 2;
    for (size_t tokens = 1; tokens < 60; tokens += 7) {
      const std::vector<float> x = Inputs(tokens, shape.in, stride);
      test::ForEachTarget([&](const char*) {
        std::vector<float> y(tokens * y_stride, kNone);
        const size_t begin = shape.out / 3;
        DenseMatMul(w.matrix, x, stride, tokens, {begin, shape.out}, y_stride, y);
        for (size_t token = 0; token < tokens; ++token) {
          std::vector<float> want(shape.out);
          DenseMatVec(w.matrix, std::span(x).subspan(token * stride, shape.in), {0, shape.out},
                      want);
          for (size_t row = 0; row < y_stride; ++row) {
            const bool is_asked = row >= begin && row < shape.out;
            EXPECT_EQ(y[token * y_stride + row], is_asked ? want[row] : kNone);
          }
        }
      });
    }
  });
}

TEST(Dense, InfinitiesStayInTheirRow) {
  // The zeros that fill up rows meet no infinity.
  for (const size_t in : {size_t{5}, size_t{37}}) {
    std::vector<float> weights(3 * in, 1.0f);
    weights[in] = std::numeric_limits<float>::infinity();
    const auto bytes = std::as_bytes(std::span(weights));
    const std::vector<float> x(2 * in, 2.0f);
    test::ForEachTarget([&](const char*) {
      std::vector<float> y(6);
      DenseMatMul({{3, in}, DType::kF32, bytes}, x, in, 2, {0, 3}, 3, y);
      const float sum = 2 * static_cast<float>(in);
      const float infinity = std::numeric_limits<float>::infinity();
      EXPECT_EQ(y, (std::vector<float>{sum, infinity, sum, sum, infinity, sum}));
    });
  }
}

}  // namespace
}  // namespace hlwq::kernels
