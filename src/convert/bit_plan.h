// Bits where they matter: a width for every matrix of a model under one budget, as a recipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/width_errors.h"

namespace hlwq::convert {

// Tensors that get one width: one matrix or a fused tensor; of a mixture one projection of all experts of
// a layer, what its attention or its delta net reads the stream with, or its shared expert.
struct BitPlanItem {
  checkpoint::Role role =
      checkpoint::Role::kOther;  // of several roles, the one that stands for them
  int layer = -1;
  bool is_tied = false;         // an embedding that is the head as well
  std::vector<size_t> tensors;  // indices into Checkpoint::tensors
  uint64_t weights = 0;
  std::vector<WidthError> widths;  // of all together; measured over all of them
};

// The matrices that can be coded, embedding and head included, but for those that an `exclude` glob
// names; measured at every width. Throws Error{kUnsupported} where there are none, and as
// MeasureWidthErrors.
std::vector<BitPlanItem> MakeBitPlanItems(const checkpoint::Checkpoint& source,
                                          const std::vector<std::string>& exclude,
                                          const WidthErrorOptions& options,
                                          const codec::Backend& backend);

struct BitPlan {
  double target_bits_per_weight = 0;
  std::string sensitivity;  // its name
  std::vector<BitPlanItem> items;
  std::vector<int> bits;              // of each item
  std::vector<double> sensitivities;  // what a relative error of 1 of each item costs
  uint64_t bytes = 0;                 // of all parts
  double cost = 0, least_cost = 0;    // BudgetChoice
  double bits_per_weight() const noexcept;
};

// Draws sensitivities, one for each item, towards those by which all weights count alike, with the same sum: what sets
// each apart counts by its power of `trust`. 1: as they are; 0: all alike.
void DrawToMean(const std::vector<BitPlanItem>& items, double trust,
                std::vector<double>& sensitivities);

// The widths with the least sum of sensitivity * relative error whose stored bytes, multipliers and
// padding included, are at most target_bits_per_weight bits for each weight of the items.
// `sensitivities` has one value for each item. Throws as SolveBudget.
BitPlan ChooseBits(std::vector<BitPlanItem> items, std::vector<double> sensitivities,
                   double target_bits_per_weight);

// The plan as a recipe file (docs/recipes.md): to be read, edited, and used again.
std::string BitPlanToRecipe(const BitPlan& plan, const checkpoint::Checkpoint& source);
// A table of widths, a row for each layer and a column for each role, and the sums.
std::string RenderBitPlan(const BitPlan& plan, const TextLayout& layout);

}  // namespace hlwq::convert
