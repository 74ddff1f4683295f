// The matrices that the published policy quantizes, known by their roles.
#pragma once

#include <span>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {

// The projections of decoder layers: what the published policy quantizes, and its like in families
// that it does not speak of.
std::span<const Role> ProjectionRoles() noexcept;

// Whether the tensor is one of these and a matrix, or the fused matrices of experts.
bool IsProjection(const TensorSpec& spec) noexcept;

}  // namespace hlwq::checkpoint
