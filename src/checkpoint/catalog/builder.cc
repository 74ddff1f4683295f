#include "checkpoint/catalog/builder.h"

#include <fmt/format.h>

#include "base/error.h"

namespace hlwq::checkpoint {

TensorSpec& CatalogBuilder::Add(const Scope& scope, std::string_view name, Shape shape, Role role,
                                int expert) {
  TensorSpec spec;
  spec.name = scope.prefix.empty() ? std::string(name) : fmt::format("{}.{}", scope.prefix, name);
  if (catalog_.tensors.size() >= kMaxCatalogTensors) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("config: '{}': want at most {} tensors in all, got more", spec.name,
                            kMaxCatalogTensors));
  }
  const std::optional<uint64_t> elements = ElementCount(shape);
  if (!elements || *elements > kMaxCatalogElements - elements_) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("config: '{}': want at most {} parameters in all, got more with {}",
                            spec.name, kMaxCatalogElements, ShapeToString(shape)));
  }
  elements_ += *elements;
  spec.shape = std::move(shape);
  spec.role = scope.is_mtp ? Role::kMtp : role;
  spec.layer = scope.layer;
  spec.expert = expert;
  spec.required = !scope.is_mtp;
  return catalog_.tensors.emplace_back(std::move(spec));
}

Catalog CatalogBuilder::Finish(int num_layers) && {
  catalog_.num_layers = num_layers;
  return std::move(catalog_);
}

}  // namespace hlwq::checkpoint
