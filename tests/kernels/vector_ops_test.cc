#include "kernels/vector_ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kSizes[] = {1, 3, 15, 16, 17, 64, 127, 576, 2049};

constexpr size_t kRows = 3;

// Rows with one element more than asked for in front and behind, so that they are unaligned, have gaps
// between them, and what lies beyond can be checked.
struct Padded {
  explicit Padded(size_t columns, size_t rows = kRows)
      : width(columns), all(rows * (width + 2), kGuard) {}
  RowSpan<float> rows() { return RowSpan<float>(std::span(all), width + 2).Columns(1, width); }
  bool GuardsHold() const {
    for (size_t begin = 0; begin < all.size(); begin += width + 2) {
      if (all[begin] != kGuard || all[begin + width + 1] != kGuard) return false;
    }
    return true;
  }

  static constexpr float kGuard = 12345;
  size_t width;
  std::vector<float> all;
};

Padded Gaussian(size_t width, unsigned seed, float scale = 1, size_t rows = kRows) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Padded result(width, rows);
  for (size_t row = 0; row < rows; ++row) {
    for (float& value : result.rows()[row]) value = normal(random);
  }
  return result;
}

double Silu(double x) { return x / (1 + std::exp(-x)); }

double SumOfSquares(std::span<const float> x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return sum;
}

// Calls body(row, column) for all elements.
template <typename Body>
void ForEachElement(size_t width, Body body) {
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t column = 0; column < width; ++column) body(row, column);
  }
}

// Expects that y is near want(row, column) to within tolerance * |want|, and nothing beside it changed.
template <typename Want>
void ExpectNear(Padded& y, double tolerance, Want want) {
  ForEachElement(y.width, [&](size_t row, size_t column) {
    const double wanted = want(row, column);
    EXPECT_NEAR(y.rows()[row][column], wanted, tolerance * std::abs(wanted))
        << row << "," << column;
  });
  EXPECT_TRUE(y.GuardsHold());
}

TEST(RmsNorm, OfRowsOrTheirHeadsEqualsDoublePrecision) {
  for (const size_t heads : {1, 3}) {
    for (const size_t size : kSizes) {
      Padded x = Gaussian(heads * size, 1, 3), weight = Gaussian(size, 2, 1, 1);
      const auto want = [&](size_t row, size_t i) {
        const auto head = x.rows()[row].subspan(i / size * size, size);
        const double mean = SumOfSquares(head) / static_cast<double>(size);
        return x.rows()[row][i] / std::sqrt(mean + 1e-5) * weight.rows()[0][i % size];
      };
      test::ForEachTarget([&](const char*) {
        Padded y(heads * size);
        RmsNorm(x.rows(), weight.rows()[0], 1e-5f, y.rows());
        ExpectNear(y, 1e-6, want);
        Padded in_place = x;
        RmsNorm(in_place.rows(), weight.rows()[0], 1e-5f, in_place.rows());
        EXPECT_EQ(in_place.all, y.all);
      });
    }
  }
}

TEST(RmsNorm, OfZerosIsZero) {
  test::ForEachTarget([&](const char*) {
    const std::vector<float> zeros(33), weight(33, 2.0f);
    std::vector<float> y(33, 1.0f);
    RmsNorm(zeros, weight, 1e-6f, y);
    EXPECT_EQ(y, zeros);
  });
}

TEST(GatedRmsNorm, OfHeadsEqualsDoublePrecision) {
  constexpr size_t kHeads = 2;
  for (const size_t size : kSizes) {
    Padded x = Gaussian(kHeads * size, 1, 3), weight = Gaussian(size, 2, 1, 1);
    Padded z = Gaussian(kHeads * size, 3, 8);
    const auto want = [&](size_t row, size_t i) {
      const auto head = x.rows()[row].subspan(i / size * size, size);
      const double mean = SumOfSquares(head) / static_cast<double>(size);
      return x.rows()[row][i] / std::sqrt(mean + 1e-5) * weight.rows()[0][i % size] *
             Silu(z.rows()[row][i]);
    };
    test::ForEachTarget([&](const char*) {
      Padded y(kHeads * size);
      GatedRmsNorm(x.rows(), weight.rows()[0], 1e-5f, z.rows(), y.rows());
      ExpectNear(y, 1.5e-6, want);
      Padded over_x = x, over_z = z;
      GatedRmsNorm(over_x.rows(), weight.rows()[0], 1e-5f, z.rows(), over_x.rows());
      GatedRmsNorm(x.rows(), weight.rows()[0], 1e-5f, over_z.rows(), over_z.rows());
      EXPECT_EQ(over_x.all, y.all);
      EXPECT_EQ(over_z.all, y.all);
    });
  }
}

TEST(L2Normalize, OfHeadsEqualsDoublePrecision) {
  constexpr size_t kHeads = 2;
  for (const size_t size : kSizes) {
    for (const float spread : {1e-5f, 1e-3f, 1.0f, 1e6f}) {
      Padded x = Gaussian(kHeads * size, 1, spread);
      test::ForEachTarget([&](const char*) {
        Padded y = x;
        L2Normalize(size, 0.125f, y.rows());
        ExpectNear(y, 1e-6, [&](size_t row, size_t i) {
          const auto head = x.rows()[row].subspan(i / size * size, size);
          return 0.125 * x.rows()[row][i] / std::sqrt(SumOfSquares(head) + 1e-6);
        });
      });
    }
  }
}

TEST(L2Normalize, OfZerosIsZero) {
  test::ForEachTarget([&](const char*) {
    std::vector<float> x(33);
    L2Normalize(33, 2, x);
    EXPECT_EQ(x, std::vector<float>(33));
  });
}

TEST(Add, IsTheFloatSum) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 3), y = Gaussian(size, 4);
    test::ForEachTarget([&](const char*) {
      Padded sum = y;
      Add(x.rows(), sum.rows());
      ExpectNear(sum, 0, [&](size_t row, size_t i) { return x.rows()[row][i] + y.rows()[row][i]; });
    });
  }
}

TEST(AddWeighted, EqualsDoublePrecisionWithTheRowsOfAnyNumberOfTerms) {
  constexpr size_t kFrom = 5;
  for (const size_t count : {0, 1, 4}) {
    std::mt19937 random(7);
    std::vector<WeightedRow> terms(kRows * count);
    for (WeightedRow& term : terms) {
      term = {static_cast<uint32_t>(random() % kFrom), static_cast<float>(random() % 100) * 0.03f};
    }
    for (const size_t size : kSizes) {
      Padded x = Gaussian(size, 3, 1, kFrom), y = Gaussian(size, 4);
      test::ForEachTarget([&](const char*) {
        Padded sum = y;
        AddWeighted(x.rows(), terms, sum.rows());
        ForEachElement(size, [&](size_t row, size_t i) {
          double want = y.rows()[row][i], magnitude = std::abs(want);
          for (size_t k = row * count; k < (row + 1) * count; ++k) {
            const double product = static_cast<double>(terms[k].weight) * x.rows()[terms[k].row][i];
            want += product;
            magnitude += std::abs(product);
          }
          EXPECT_NEAR(sum.rows()[row][i], want, 3e-7 * magnitude);
        });
        EXPECT_TRUE(sum.GuardsHold());
      });
    }
  }
}

TEST(AddWeighted, HasTheBitsOfItsTermsOneByOne) {
  Padded x = Gaussian(100, 3, 1, 2), y = Gaussian(100, 4, 1, 1);
  const std::vector<WeightedRow> terms = {{1, 0.7f}, {0, 0.2f}, {1, 0.1f}};
  test::ForEachTarget([&](const char*) {
    Padded at_once = y, one_by_one = y;
    AddWeighted(x.rows(), terms, at_once.rows());
    for (const WeightedRow& term : terms) AddWeighted(x.rows(), {&term, 1}, one_by_one.rows());
    EXPECT_EQ(at_once.all, one_by_one.all);
  });
}

TEST(Sigmoid, EqualsDoublePrecision) {
  for (float x = -87; x < 110; x += 0.37f) {
    const double want = 1 / (1 + std::exp(-static_cast<double>(x)));
    EXPECT_NEAR(Sigmoid(x), want, 3e-7 * want) << x;
  }
  EXPECT_EQ(Sigmoid(-kInfinity), 0);
  EXPECT_EQ(Sigmoid(kInfinity), 1);
}

TEST(SigmoidMul, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded gate = Gaussian(size, 5, 8), y = Gaussian(size, 6);
    test::ForEachTarget([&](const char*) {
      Padded product = y;
      SigmoidMul(gate.rows(), product.rows());
      ExpectNear(product, 5e-7, [&](size_t row, size_t i) {
        return y.rows()[row][i] / (1 + std::exp(-static_cast<double>(gate.rows()[row][i])));
      });
    });
  }
}

TEST(SigmoidMul, LargeGatesOpenOrClose) {
  const std::vector<float> gate = {-kInfinity, -1e38f, -1000, 1000, 1e38f, kInfinity};
  test::ForEachTarget([&](const char*) {
    std::vector<float> y(gate.size(), 3.0f);
    SigmoidMul(gate, y);
    EXPECT_EQ(y, (std::vector<float>{0, 0, 0, 3, 3, 3}));
  });
}

TEST(GateRows, MultipliesARowWithTheSigmoidOfItsGate) {
  for (const size_t size : kSizes) {
    Padded gates = Gaussian(1, 5, 8), y = Gaussian(size, 6);
    test::ForEachTarget([&](const char*) {
      Padded product = y;
      GateRows(gates.rows(), product.rows());
      ExpectNear(product, 0, [&](size_t row, size_t i) {
        return y.rows()[row][i] * Sigmoid(gates.rows()[row][0]);
      });
    });
  }
}

TEST(SiluMul, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded gate = Gaussian(size, 5, 8), up = Gaussian(size, 6);
    test::ForEachTarget([&](const char*) {
      Padded y(size);
      SiluMul(gate.rows(), up.rows(), y.rows());
      ExpectNear(y, 5e-7, [&](size_t row, size_t i) {
        return Silu(gate.rows()[row][i]) * up.rows()[row][i];
      });
      Padded in_place = gate;
      SiluMul(in_place.rows(), up.rows(), in_place.rows());
      EXPECT_EQ(in_place.all, y.all);
    });
  }
}

TEST(SiluMul, LargeGatesGiveNoNan) {
  const std::vector<float> gate = {-80, -88, -89, -1000, -1e38f, 80, 89, 1e38f, 0, -0.0f};
  const std::vector<float> up(gate.size(), 1.0f);
  test::ForEachTarget([&](const char*) {
    std::vector<float> y(gate.size());
    SiluMul(gate, up, y);
    for (size_t i = 0; i < gate.size(); ++i) {
      const double want = Silu(gate[i]);
      EXPECT_NEAR(y[i], want, 5e-7 * std::abs(want) + 1e-36) << gate[i];
    }
  });
}

TEST(RotateHeads, TurnsPairsByTheAnglesOfTheirRowAndLeavesTheRest) {
  constexpr size_t kHeads = 2;
  for (const size_t pairs : {size_t{1}, size_t{4}, size_t{15}, size_t{32}, size_t{40}}) {
    const size_t head_dim = 2 * pairs + 3;
    Padded cosines(pairs), sines(pairs), x = Gaussian(kHeads * head_dim, 7);
    ForEachElement(pairs, [&](size_t row, size_t i) {
      const float angle = static_cast<float>(i) + 0.3f * static_cast<float>(row + 1);
      cosines.rows()[row][i] = std::cos(angle);
      sines.rows()[row][i] = std::sin(angle);
    });
    test::ForEachTarget([&](const char*) {
      Padded turned = x;
      RotateHeads(cosines.rows(), sines.rows(), head_dim, turned.rows());
      ForEachElement(kHeads * head_dim, [&](size_t row, size_t column) {
        const auto head = x.rows()[row].subspan(column / head_dim * head_dim, head_dim);
        const size_t i = column % head_dim;
        double want = head[i];
        if (i < 2 * pairs) {
          const double c = cosines.rows()[row][i % pairs], s = sines.rows()[row][i % pairs];
          want = i < pairs ? head[i] * c - head[i + pairs] * s : head[i] * c + head[i - pairs] * s;
        }
        EXPECT_NEAR(turned.rows()[row][column], want, i < 2 * pairs ? 1e-6 : 0);
      });
      EXPECT_TRUE(turned.GuardsHold());
    });
  }
}

TEST(ArgMax, FindsTheFirstOfTheLargestAnywhere) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 8, 1, 1);
    test::ForEachTarget([&](const char*) {
      for (size_t at = 0; at < size; at += 1 + size / 50) {
        Padded marked = x;
        marked.rows()[0][at] = 100;
        marked.rows()[0][size - 1] = 100;
        EXPECT_EQ(ArgMax(marked.rows()[0]), at);
      }
    });
  }
}

TEST(ArgMax, NeverChoosesNan) {
  const float nan = std::nanf("");
  test::ForEachTarget([&](const char*) {
    for (const size_t size : {size_t{2}, size_t{40}, size_t{100}}) {
      std::vector<float> x(size, nan);
      x[size / 2] = -kInfinity;
      EXPECT_EQ(ArgMax(x), size / 2);
      x[size - 1] = -5;
      EXPECT_EQ(ArgMax(x), size - 1);
      x[0] = kInfinity;
      EXPECT_EQ(ArgMax(x), 0u);
    }
  });
}

TEST(LogSumExp, EqualsDoublePrecision) {
  for (const size_t size :
       {size_t{1}, size_t{3}, size_t{17}, size_t{1024}, size_t{1025}, size_t{151936}}) {
    for (const float scale : {0.0f, 1.0f, 30.0f}) {
      Padded padded = Gaussian(size, 9, scale, 1);
      const std::span<const float> x = padded.rows()[0];
      const double most = *std::max_element(x.begin(), x.end());
      double sum = 0;
      for (const double value : x) sum += std::exp(value - most);
      const double want = most + std::log(sum);
      test::ForEachTarget(
          [&](const char*) { EXPECT_NEAR(LogSumExp(x), want, 3e-7) << size << " " << scale; });
    }
  }
}

TEST(LogSumExp, HasNoOverflowAndNoNanOfItsOwn) {
  test::ForEachTarget([&](const char*) {
    for (const float shift : {-1e30f, -1000.0f, 1000.0f, 1e30f}) {
      EXPECT_EQ(LogSumExp(std::vector<float>(1, shift)), shift);
      EXPECT_NEAR(LogSumExp(std::vector<float>(100, shift)),
                  static_cast<double>(shift) + std::log(100.0), 3e-7);
    }
    std::vector<float> x(50, -kInfinity);
    EXPECT_EQ(LogSumExp(x), -kInfinity);
    x[20] = 3;
    EXPECT_EQ(LogSumExp(x), 3);
    x[30] = kInfinity;
    EXPECT_EQ(LogSumExp(x), kInfinity);
    x[40] = std::nanf("");
    EXPECT_TRUE(std::isnan(LogSumExp(x)));
    EXPECT_EQ(LogSumExp({}), -kInfinity);
  });
}

}  // namespace
}  // namespace hlwq::kernels
