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

// One element more than asked for in front and behind, so that spans are unaligned and what lies
// beyond can be checked.
struct Padded {
  explicit Padded(size_t size) : all(size + 2, kGuard) {}
  std::span<float> span() { return std::span(all).subspan(1, all.size() - 2); }
  bool GuardsHold() const { return all.front() == kGuard && all.back() == kGuard; }

  static constexpr float kGuard = 12345;
  std::vector<float> all;
};

Padded Gaussian(size_t size, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Padded result(size);
  for (float& value : result.span()) value = normal(random);
  return result;
}

double Silu(double x) { return x / (1 + std::exp(-x)); }

TEST(RmsNorm, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 1, 3), weight = Gaussian(size, 2);
    double sum = 0;
    for (const double value : x.span()) sum += value * value;
    const double scale = 1 / std::sqrt(sum / static_cast<double>(size) + 1e-5);
    test::ForEachTarget([&](const char*) {
      Padded y(size);
      RmsNorm(x.span(), weight.span(), 1e-5f, y.span());
      for (size_t i = 0; i < size; ++i) {
        const double want = x.span()[i] * scale * weight.span()[i];
        EXPECT_NEAR(y.span()[i], want, 1e-6 * std::abs(want));
      }
      EXPECT_TRUE(y.GuardsHold());
      Padded in_place = x;
      RmsNorm(in_place.span(), weight.span(), 1e-5f, in_place.span());
      EXPECT_EQ(in_place.all, y.all);
    });
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

TEST(GatedRmsNorm, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 1, 3), weight = Gaussian(size, 2), z = Gaussian(size, 3, 8);
    double sum = 0;
    for (const double value : x.span()) sum += value * value;
    const double scale = 1 / std::sqrt(sum / static_cast<double>(size) + 1e-5);
    test::ForEachTarget([&](const char*) {
      Padded y(size);
      GatedRmsNorm(x.span(), weight.span(), 1e-5f, z.span(), y.span());
      for (size_t i = 0; i < size; ++i) {
        const double want = x.span()[i] * scale * weight.span()[i] * Silu(z.span()[i]);
        EXPECT_NEAR(y.span()[i], want, 1.5e-6 * std::abs(want));
      }
      EXPECT_TRUE(y.GuardsHold());
      for (Padded in_place : {x, z}) {
        const bool is_x = in_place.all == x.all;
        GatedRmsNorm(is_x ? in_place.span() : x.span(), weight.span(), 1e-5f,
                     is_x ? z.span() : in_place.span(), in_place.span());
        EXPECT_EQ(in_place.all, y.all);
      }
    });
  }
}

TEST(L2Normalize, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    for (const float spread : {1e-5f, 1e-3f, 1.0f, 1e6f}) {
      Padded x = Gaussian(size, 1, spread);
      double sum = 1e-6;
      for (const double value : x.span()) sum += value * value;
      test::ForEachTarget([&](const char*) {
        Padded y(size);
        L2Normalize(x.span(), 0.125f, y.span());
        for (size_t i = 0; i < size; ++i) {
          const double want = 0.125 * x.span()[i] / std::sqrt(sum);
          EXPECT_NEAR(y.span()[i], want, 1e-6 * std::abs(want)) << spread;
        }
        EXPECT_TRUE(y.GuardsHold());
        Padded in_place = x;
        L2Normalize(in_place.span(), 0.125f, in_place.span());
        EXPECT_EQ(in_place.all, y.all);
      });
    }
  }
}

TEST(L2Normalize, OfZerosIsZero) {
  test::ForEachTarget([&](const char*) {
    std::vector<float> y(33, 1.0f);
    L2Normalize(std::vector<float>(33), 2, y);
    EXPECT_EQ(y, std::vector<float>(33));
  });
}

TEST(Add, IsTheFloatSum) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 3), y = Gaussian(size, 4);
    test::ForEachTarget([&](const char*) {
      Padded sum = y;
      Add(x.span(), sum.span());
      for (size_t i = 0; i < size; ++i) EXPECT_EQ(sum.span()[i], x.span()[i] + y.span()[i]);
      EXPECT_TRUE(sum.GuardsHold());
    });
  }
}

TEST(AddScaled, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 3), y = Gaussian(size, 4);
    test::ForEachTarget([&](const char*) {
      Padded sum = y;
      AddScaled(x.span(), 0.3f, sum.span());
      for (size_t i = 0; i < size; ++i) {
        const double product = static_cast<double>(0.3f) * x.span()[i];
        EXPECT_NEAR(sum.span()[i], product + y.span()[i],
                    1.3e-7 * (std::abs(product) + std::abs(y.span()[i])));
      }
      EXPECT_TRUE(sum.GuardsHold());
    });
  }
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
      SigmoidMul(gate.span(), product.span());
      for (size_t i = 0; i < size; ++i) {
        const double want = y.span()[i] / (1 + std::exp(-static_cast<double>(gate.span()[i])));
        EXPECT_NEAR(product.span()[i], want, 5e-7 * std::abs(want));
      }
      EXPECT_TRUE(product.GuardsHold());
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

TEST(SiluMul, EqualsDoublePrecision) {
  for (const size_t size : kSizes) {
    Padded gate = Gaussian(size, 5, 8), up = Gaussian(size, 6);
    test::ForEachTarget([&](const char*) {
      Padded y(size);
      SiluMul(gate.span(), up.span(), y.span());
      for (size_t i = 0; i < size; ++i) {
        const double want = Silu(gate.span()[i]) * up.span()[i];
        EXPECT_NEAR(y.span()[i], want, 5e-7 * std::abs(want));
      }
      EXPECT_TRUE(y.GuardsHold());
      Padded in_place = gate;
      SiluMul(in_place.span(), up.span(), in_place.span());
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

TEST(RotateHead, TurnsPairsAndLeavesTheRest) {
  for (const size_t pairs : {size_t{1}, size_t{4}, size_t{15}, size_t{32}, size_t{40}}) {
    const size_t head_dim = 2 * pairs + 3;
    Padded cosines(pairs), sines(pairs), head = Gaussian(head_dim, 7);
    for (size_t i = 0; i < pairs; ++i) {
      cosines.span()[i] = std::cos(static_cast<float>(i) + 0.3f);
      sines.span()[i] = std::sin(static_cast<float>(i) + 0.3f);
    }
    test::ForEachTarget([&](const char*) {
      Padded turned = head;
      RotateHead(cosines.span(), sines.span(), turned.span());
      for (size_t i = 0; i < pairs; ++i) {
        const double a = head.span()[i], b = head.span()[i + pairs];
        const double c = cosines.span()[i], s = sines.span()[i];
        EXPECT_NEAR(turned.span()[i], a * c - b * s, 1e-6);
        EXPECT_NEAR(turned.span()[i + pairs], b * c + a * s, 1e-6);
      }
      for (size_t i = 2 * pairs; i < head_dim; ++i) EXPECT_EQ(turned.span()[i], head.span()[i]);
      EXPECT_TRUE(turned.GuardsHold());
    });
  }
}

TEST(ArgMax, FindsTheFirstOfTheLargestAnywhere) {
  for (const size_t size : kSizes) {
    Padded x = Gaussian(size, 8);
    test::ForEachTarget([&](const char*) {
      for (size_t at = 0; at < size; at += 1 + size / 50) {
        Padded marked = x;
        marked.span()[at] = 100;
        marked.span()[size - 1] = 100;
        EXPECT_EQ(ArgMax(marked.span()), at);
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
      Padded x = Gaussian(size, 9, scale);
      const double most = *std::max_element(x.span().begin(), x.span().end());
      double sum = 0;
      for (const double value : x.span()) sum += std::exp(value - most);
      const double want = most + std::log(sum);
      test::ForEachTarget([&](const char*) {
        EXPECT_NEAR(LogSumExp(x.span()), want, 3e-7) << size << " " << scale;
      });
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
