// Which width each tensor gets when all together may take so many bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hlwq::convert {

// One way to store an item.
struct WidthOption {
  int bits = 0;
  uint64_t bytes = 0;
  double cost = 0;  // what is lost, in a unit that all items share; not negative
};

// Tensors that get one width together: options by rising bytes, at least one.
using BudgetItem = std::vector<WidthOption>;

struct BudgetChoice {
  std::vector<size_t> option;  // of each item
  uint64_t bytes = 0;
  double cost = 0;
  double least_cost = 0;  // no choice within the budget costs less than this
};

// The least sum of costs within `budget_bytes`, by Lagrangian relaxation: along the lower convex hull
// of each item's options, steps are taken by falling gain per byte while they fit. Off the optimum by at
// most the gain of one step, as least_cost shows. Throws Error{kInvalidArgument} when the smallest
// options do not fit. Cost: n log n in the options.
BudgetChoice SolveBudget(const std::vector<BudgetItem>& items, uint64_t budget_bytes);

}  // namespace hlwq::convert
