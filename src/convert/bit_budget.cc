#include "convert/bit_budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace hlwq::convert {
namespace {

// From one option of an item to a larger one.
struct Step {
  size_t item = 0;
  size_t from = 0, to = 0;
  uint64_t bytes = 0;
  double gain = 0;

  double rate() const noexcept { return gain / static_cast<double>(bytes); }
};

// The steps along the lower convex hull of the options, from the smallest to the cheapest; their rates
// fall.
std::vector<Step> HullSteps(size_t item, const BudgetItem& options) {
  std::vector<Step> steps;
  for (size_t from = 0; from + 1 < options.size();) {
    Step best{.item = item};
    for (size_t to = from + 1; to < options.size(); ++to) {
      const Step step{item, from, to, options[to].bytes - options[from].bytes,
                      options[from].cost - options[to].cost};
      // The last of equal rates: the hull has no corner between them.
      if (step.gain > 0 && (best.to == 0 || step.rate() >= best.rate())) best = step;
    }
    if (best.to == 0) break;
    steps.push_back(best);
    from = best.to;
  }
  return steps;
}

}  // namespace

BudgetChoice SolveBudget(const std::vector<BudgetItem>& items, uint64_t budget_bytes) {
  BudgetChoice choice;
  choice.option.assign(items.size(), 0);
  std::vector<Step> steps;
  for (size_t item = 0; item < items.size(); ++item) {
    choice.bytes += items[item].front().bytes;
    choice.cost += items[item].front().cost;
    const std::vector<Step> own = HullSteps(item, items[item]);
    steps.insert(steps.end(), own.begin(), own.end());
  }
  if (choice.bytes > budget_bytes) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want at most {} bytes, but the smallest widths take {}", budget_bytes,
                            choice.bytes));
  }
  // Stable: of equal rates the first item goes first, whatever sort does.
  std::ranges::stable_sort(steps, std::ranges::greater{}, &Step::rate);
  choice.least_cost = choice.cost;
  bool is_relaxation_done = false;
  for (const Step& step : steps) {
    const uint64_t left = budget_bytes - choice.bytes;
    if (step.bytes > left && !is_relaxation_done) {
      // The relaxed problem takes the part of this step that fits, and is done.
      choice.least_cost = choice.cost - step.rate() * static_cast<double>(left);
      is_relaxation_done = true;
    }
    // A step left out blocks the later ones of its item.
    if (step.bytes > left || choice.option[step.item] != step.from) continue;
    choice.option[step.item] = step.to;
    choice.bytes += step.bytes;
    choice.cost -= step.gain;
  }
  if (!is_relaxation_done) choice.least_cost = choice.cost;
  return choice;
}

}  // namespace hlwq::convert
