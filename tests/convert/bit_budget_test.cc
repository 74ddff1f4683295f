#include "convert/bit_budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "base/error.h"

namespace hlwq::convert {
namespace {

// Items whose costs fall by about 6 dB a bit, as those of weights do, in sizes and importances that
// differ by orders of magnitude.
std::vector<BudgetItem> RandomItems(unsigned seed, size_t count, int widths) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<BudgetItem> items(count);
  for (BudgetItem& item : items) {
    const double weights = 100 * std::pow(10, 2 * uniform(random));
    double cost = std::pow(10, 4 * uniform(random));
    for (int bits = 2; bits < 2 + widths; ++bits) {
      item.push_back({bits, static_cast<uint64_t>(weights * bits / 8), cost});
      cost *= 0.15 + 0.2 * uniform(random);
    }
  }
  return items;
}

struct Sum {
  uint64_t bytes = 0;
  double cost = 0;
};
Sum SumOf(const std::vector<BudgetItem>& items, const std::vector<size_t>& option) {
  Sum sum;
  for (size_t item = 0; item < items.size(); ++item) {
    sum.bytes += items[item][option[item]].bytes;
    sum.cost += items[item][option[item]].cost;
  }
  return sum;
}

uint64_t Smallest(const std::vector<BudgetItem>& items) {
  return SumOf(items, std::vector<size_t>(items.size(), 0)).bytes;
}

// The least cost of all choices, by trying them.
double BestOfAll(const std::vector<BudgetItem>& items, uint64_t budget) {
  double best = INFINITY;
  std::vector<size_t> option(items.size(), 0);
  const std::function<void(size_t)> choose = [&](size_t item) {
    if (item == items.size()) {
      const Sum sum = SumOf(items, option);
      if (sum.bytes <= budget) best = std::min(best, sum.cost);
      return;
    }
    for (option[item] = 0; option[item] < items[item].size(); ++option[item]) choose(item + 1);
  };
  choose(0);
  return best;
}

TEST(SolveBudget, StaysWithinTheBudgetAndSaysWhatItCosts) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<BudgetItem> items = RandomItems(seed, 50, 7);
    const uint64_t budget = 2 * Smallest(items);
    const BudgetChoice choice = SolveBudget(items, budget);
    const Sum sum = SumOf(items, choice.option);
    EXPECT_LE(choice.bytes, budget);
    EXPECT_EQ(choice.bytes, sum.bytes);
    EXPECT_NEAR(choice.cost, sum.cost, 1e-9 * sum.cost);
    EXPECT_LE(choice.least_cost, choice.cost * (1 + 1e-12));
  }
}

TEST(SolveBudget, BoundsTheOptimumFromBelowAndIsNearIt) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<BudgetItem> items = RandomItems(100 + seed, 6, 4);
    for (const double factor : {1.0, 1.2, 1.5, 1.9}) {
      const auto budget = static_cast<uint64_t>(static_cast<double>(Smallest(items)) * factor);
      const BudgetChoice choice = SolveBudget(items, budget);
      const double best = BestOfAll(items, budget);
      EXPECT_LE(choice.least_cost, best * (1 + 1e-9)) << seed << " " << factor;
      EXPECT_GE(choice.cost, best * (1 - 1e-9)) << seed << " " << factor;
    }
  }
}

TEST(SolveBudget, OfManyItemsIsWithinAPercentOfTheBound) {
  const std::vector<BudgetItem> items = RandomItems(7, 500, 7);
  const BudgetChoice choice = SolveBudget(items, 2 * Smallest(items));
  EXPECT_LT(choice.cost, 1.01 * choice.least_cost);
}

TEST(SolveBudget, OfAlikeItemsIsUniform) {
  const std::vector<BudgetItem> items(9,
                                      BudgetItem{{2, 20, 64}, {3, 30, 16}, {4, 40, 4}, {5, 50, 1}});
  const BudgetChoice choice = SolveBudget(items, 9 * 40);
  for (const size_t option : choice.option) EXPECT_EQ(option, 2u);
}

TEST(SolveBudget, NeverPaysForWhatGainsNothing) {
  const BudgetChoice choice = SolveBudget({{{2, 20, 0}, {3, 30, 0}}}, 1000);
  EXPECT_EQ(choice.option.front(), 0u);
}

TEST(SolveBudget, StepsOverAWidthThatDoesNotPay) {
  // 3 bits gain almost nothing, 4 bits much: the hull goes from 2 to 4.
  const BudgetItem item = {{2, 20, 10}, {3, 30, 9.9}, {4, 40, 1}};
  EXPECT_EQ(SolveBudget({item}, 40).option.front(), 2u);
  EXPECT_EQ(SolveBudget({item}, 39).option.front(), 0u);
}

TEST(SolveBudget, RefusesABudgetBelowTheSmallest) {
  EXPECT_THROW(SolveBudget({{{2, 20, 1}}}, 19), Error);
}

}  // namespace
}  // namespace hlwq::convert
