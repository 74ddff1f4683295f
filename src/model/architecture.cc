#include "model/architecture.h"

#include <algorithm>
#include <array>

namespace hlwq::model {
namespace {

constexpr std::array kArchitectures = {&kLlama,    &kMistral,   &kQwen2,         &kQwen3,
                                       &kQwen35,   &kQwen35Moe, &kQwen35MoeText, &kQwen35Text,
                                       &kQwen3Moe, &kQwen3Next};

}  // namespace

const Architecture* FindArchitecture(std::string_view model_type) noexcept {
  const auto found = std::find_if(
      kArchitectures.begin(), kArchitectures.end(),
      [&](const Architecture* architecture) { return architecture->model_type == model_type; });
  return found == kArchitectures.end() ? nullptr : *found;
}

std::vector<std::string_view> RunnableModelTypes() {
  std::vector<std::string_view> names;
  for (const Architecture* architecture : kArchitectures) names.push_back(architecture->model_type);
  return names;
}

}  // namespace hlwq::model
