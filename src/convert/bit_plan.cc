#include "convert/bit_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/number_text.h"
#include "base/text_table.h"
#include "convert/bit_budget.h"
#include "convert/recipe.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

// Everything that can be coded, at any width.
Recipe AllMatrices(const std::vector<std::string>& exclude) {
  RecipeOptions options{.recipe = "uniform", .exclude = exclude};
  options.embedding_bits = options.lm_head_bits = options.bits;
  return Recipe::Load(options);
}

// Tensors whose key is equal make one item.
using ItemKey = std::tuple<int, Role, size_t>;

bool HasExperts(const std::vector<TensorSpec>& specs) {
  RecipeModel model;
  for (const TensorSpec& spec : specs) model.Add(spec);
  return model.has_experts;
}

// In a mixture all but the experts is a few percent of the weights and half of the matrices: what reads
// the residual stream of a mixer shares a width, and so do the matrices of a shared expert.
Role SharedRole(Role role) {
  switch (role) {
    case Role::kAttentionQ:
    case Role::kAttentionK:
    case Role::kAttentionV:
      return Role::kAttentionQkv;
    case Role::kLinearAttentionZ:
      return Role::kLinearAttentionQkv;
    case Role::kSharedExpertGateProj:
    case Role::kSharedExpertUp:
      return Role::kSharedExpertDown;
    default:
      return role;
  }
}

ItemKey KeyOf(const TensorSpec& spec, size_t tensor, bool is_mixture) {
  if (!is_mixture || spec.layer < 0) return {spec.layer, spec.role, tensor + 1};
  return {spec.layer, SharedRole(spec.role), 0};
}

uint64_t WeightsOf(const std::vector<BitPlanItem>& items) {
  uint64_t weights = 0;
  for (const BitPlanItem& item : items) weights += item.weights;
  return weights;
}

}  // namespace

std::vector<BitPlanItem> MakeBitPlanItems(const checkpoint::Checkpoint& source,
                                          const std::vector<std::string>& exclude,
                                          const WidthErrorOptions& options,
                                          const codec::Backend& backend) {
  const checkpoint::Classified classified = checkpoint::ClassifyTensors(source);
  const Recipe recipe = AllMatrices(exclude);
  std::vector<size_t> tensors;
  for (size_t tensor = 0; tensor < source.tensors.size(); ++tensor) {
    const DType dtype = source.tensors[tensor].dtype;
    if (recipe.Decide(classified.specs[tensor], dtype).bits > 0) tensors.push_back(tensor);
  }
  if (tensors.empty()) {
    throw Error(ErrorCode::kUnsupported, source.root.string() + ": no matrix that can be coded");
  }
  const bool is_mixture = HasExperts(classified.specs);
  std::vector<BitPlanItem> items;
  std::map<ItemKey, size_t> item_of;
  for (const size_t tensor : tensors) {
    const TensorSpec& spec = classified.specs[tensor];
    const ItemKey key = KeyOf(spec, tensor, is_mixture);
    const auto [found, is_new] = item_of.emplace(key, items.size());
    if (is_new) items.push_back({std::get<Role>(key), spec.layer, spec.is_tied, {}, 0, {}});
    items[found->second].tensors.push_back(tensor);
    items[found->second].weights += source.tensors[tensor].elements();
  }
  std::vector<std::vector<size_t>> groups;
  for (const BitPlanItem& item : items) groups.push_back(item.tensors);
  auto errors = MeasureWidthErrors(source, groups, options, backend);
  for (size_t item = 0; item < items.size(); ++item) items[item].widths = std::move(errors[item]);
  return items;
}

double BitPlan::bits_per_weight() const noexcept {
  return 8.0 * static_cast<double>(bytes) / static_cast<double>(WeightsOf(items));
}

void DrawToMean(const std::vector<BitPlanItem>& items, double trust,
                std::vector<double>& sensitivities) {
  const double sum = std::accumulate(sensitivities.begin(), sensitivities.end(), 0.0);
  const auto weights = static_cast<double>(WeightsOf(items));
  double drawn = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const double alike = sum * static_cast<double>(items[i].weights) / weights;
    if (alike > 0) sensitivities[i] = alike * std::pow(sensitivities[i] / alike, trust);
    drawn += sensitivities[i];
  }
  if (drawn == 0) return;
  for (double& sensitivity : sensitivities) sensitivity *= sum / drawn;
}

BitPlan ChooseBits(std::vector<BitPlanItem> items, std::vector<double> sensitivities,
                   double target_bits_per_weight) {
  std::vector<BudgetItem> budget(items.size());
  for (size_t index = 0; index < items.size(); ++index) {
    for (const WidthError& width : items[index].widths) {
      budget[index].push_back(
          {width.bits, width.bytes, sensitivities[index] * width.relative_error});
    }
  }
  const double bytes = target_bits_per_weight * static_cast<double>(WeightsOf(items)) / 8;
  const BudgetChoice choice =
      WithContext(fmt::format("{} bits per weight", target_bits_per_weight),
                  [&] { return SolveBudget(budget, static_cast<uint64_t>(bytes)); });
  BitPlan plan{.target_bits_per_weight = target_bits_per_weight,
               .items = std::move(items),
               .sensitivities = std::move(sensitivities),
               .bytes = choice.bytes,
               .cost = choice.cost,
               .least_cost = choice.least_cost};
  for (size_t index = 0; index < plan.items.size(); ++index) {
    plan.bits.push_back(plan.items[index].widths[choice.option[index]].bits);
  }
  return plan;
}

std::string BitPlanToRecipe(const BitPlan& plan, const checkpoint::Checkpoint& source) {
  // By tensor, in the order of the file.
  std::map<size_t, int> bits_of;
  for (size_t index = 0; index < plan.items.size(); ++index) {
    for (const size_t tensor : plan.items[index].tensors) bits_of[tensor] = plan.bits[index];
  }
  nlohmann::ordered_json tensors = nlohmann::ordered_json::object();
  for (const auto& [tensor, bits] : bits_of) tensors[source.tensors[tensor].name] = bits;
  nlohmann::ordered_json recipe;
  recipe["description"] =
      fmt::format("{:.3f} of at most {} bits per weight, sensitivity {}", plan.bits_per_weight(),
                  plan.target_bits_per_weight, plan.sensitivity);
  recipe["default"] = "keep";
  recipe["tensors"] = std::move(tensors);
  return recipe.dump(2) + "\n";
}

std::string RenderBitPlan(const BitPlan& plan, const TextLayout& layout) {
  std::set<Role> roles;
  std::map<int, std::map<Role, std::string>> cells;  // by layer and role
  for (size_t index = 0; index < plan.items.size(); ++index) {
    const BitPlanItem& item = plan.items[index];
    roles.insert(item.role);
    std::string& cell = cells[item.layer][item.role];
    cell += (cell.empty() ? "" : " ") + std::to_string(plan.bits[index]);
  }
  std::vector<TextTable::Column> columns = {{"layer", TextTable::Align::kLeft}};
  for (const Role role : roles) {
    columns.push_back({std::string(checkpoint::RoleName(role)), TextTable::Align::kRight});
  }
  TextTable table(std::move(columns));
  for (const auto& [layer, by_role] : cells) {
    std::vector<std::string> row = {layer < 0 ? "-" : std::to_string(layer)};
    for (const Role role : roles) {
      const auto found = by_role.find(role);
      row.push_back(found == by_role.end() ? "" : found->second);
    }
    table.AddRow(std::move(row));
  }
  return table.Render(layout) +
         fmt::format(
             "{:.3f} bits per weight of at most {}, {}; loss {:.4g}, at best {:.4g} "
             "(sensitivity {})\n",
             plan.bits_per_weight(), plan.target_bits_per_weight, FormatBytes(plan.bytes),
             plan.cost, plan.least_cost, plan.sensitivity);
}

}  // namespace hlwq::convert
