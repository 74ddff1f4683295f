#include "convert/compressed_tensors/module_targets.h"

#include <algorithm>
#include <set>

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

bool IsNumber(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

// A name as an expression: indices match any index, everything else itself.
std::string AsExpression(std::string_view name) {
  constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";
  std::string expression;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (begin > 0) expression += "\\.";
    if (IsNumber(part)) {
      expression += "\\d+";
    } else {
      for (const char c : part) {
        if (kSpecial.find(c) != kSpecial.npos) expression += '\\';
        expression += c;
      }
    }
    begin = end + 1;
  }
  return expression;
}

// Engines name the text model of a multimodal one differently: the expression begins at the layers.
// What is in no decoder layer keeps its name, but for the tower, whose parts are all alike.
std::string TargetOf(const TensorSpec& spec) {
  const std::string_view module = ModuleName(spec.name);
  if (spec.role == Role::kVision) return "re:.*visual\\..*";
  if (spec.role == Role::kMtp) return "re:^mtp\\..*";
  if (spec.layer < 0) return std::string(module);
  const size_t layers = module.find("layers.");
  if (layers == module.npos) return std::string(module);
  return "re:.*" + AsExpression(module.substr(layers)) + "$";
}

}  // namespace

std::string_view ModuleName(std::string_view tensor) {
  constexpr std::string_view kSuffix = ".weight";
  if (tensor.ends_with(kSuffix)) tensor.remove_suffix(kSuffix.size());
  return tensor;
}

std::vector<std::string> TargetsOf(std::span<const TensorSpec* const> chosen,
                                   std::span<const TensorSpec* const> others) {
  std::set<std::string> taken;
  for (const TensorSpec* spec : others) taken.insert(TargetOf(*spec));
  std::set<std::string> targets;
  for (const TensorSpec* spec : chosen) {
    std::string target = TargetOf(*spec);
    targets.insert(taken.contains(target) ? std::string(ModuleName(spec->name))
                                          : std::move(target));
  }
  return {targets.begin(), targets.end()};
}

}  // namespace hlwq::convert
