#include "convert/matrices.h"

#include <fmt/format.h>

#include "base/error.h"

namespace hlwq::convert {

TensorMatrices MatricesOf(const Shape& shape) {
  HLWQ_DASSERT(shape.size() == 2 || shape.size() == 3);
  if (shape.size() == 3) return {shape[0], {shape[1], shape[2]}};
  return {1, {shape[0], shape[1]}};
}

std::string MatrixName(std::string_view tensor, const Shape& shape, uint64_t slice) {
  return shape.size() == 3 ? fmt::format("{}_e{}", tensor, slice) : std::string(tensor);
}

uint64_t OutputGroups::GroupOf(const checkpoint::TensorSpec& spec, uint64_t slice) {
  using checkpoint::Role;
  const bool is_expert = spec.role == Role::kExpertGate || spec.role == Role::kExpertUp ||
                         spec.role == Role::kExpertGateUp || spec.role == Role::kExpertDown;
  if (!is_expert || spec.layer < 0) return next_++;
  const uint64_t expert = spec.expert >= 0 ? static_cast<uint64_t>(spec.expert) : slice;
  const auto [found, is_new] = group_of_expert_.emplace(std::pair(spec.layer, expert), next_);
  if (is_new) ++next_;
  return found->second;
}

}  // namespace hlwq::convert
