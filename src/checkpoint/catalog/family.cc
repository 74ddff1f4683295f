#include "checkpoint/catalog/family.h"

#include <algorithm>
#include <array>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/catalog/families/llama.h"
#include "checkpoint/catalog/families/mistral.h"
#include "checkpoint/catalog/families/qwen2.h"
#include "checkpoint/catalog/families/qwen3.h"
#include "checkpoint/catalog/families/qwen3_5.h"
#include "checkpoint/catalog/families/qwen3_moe.h"
#include "checkpoint/catalog/families/qwen3_next.h"

namespace hlwq::checkpoint {
namespace {

constexpr std::array kFamilies = {kLlama,     kMistral,       kQwen2,      kQwen3,    kQwen35,
                                  kQwen35Moe, kQwen35MoeText, kQwen35Text, kQwen3Moe, kQwen3Next};
static_assert(std::ranges::is_sorted(kFamilies, {}, &Family::model_type));

}  // namespace

std::span<const Family> Families() noexcept { return kFamilies; }

const Family* FindFamily(std::string_view model_type) noexcept {
  const auto found = std::ranges::find(kFamilies, model_type, &Family::model_type);
  return found == kFamilies.end() ? nullptr : &*found;
}

std::vector<std::string_view> SupportedModelTypes() {
  std::vector<std::string_view> names;
  for (const Family& family : kFamilies) names.push_back(family.model_type);
  return names;
}

}  // namespace hlwq::checkpoint
