// Collects the tensors of a catalog and keeps it within the bounds of catalog.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {

// Where tensors are added: names gain `prefix` and a dot.
struct Scope {
  std::string prefix;
  int layer = -1;
  // MTP: everything in it has that role and may be absent.
  bool is_mtp = false;
};

class CatalogBuilder {
 public:
  explicit CatalogBuilder(std::string model_type) { catalog_.model_type = std::move(model_type); }

  // Throws Error{kInvalidData} naming the tensor when its size or the sum of all sizes passes the
  // bounds.
  TensorSpec& Add(const Scope& scope, std::string_view name, Shape shape, Role role,
                  int expert = -1);
  void Note(std::string note) { catalog_.notes.push_back(std::move(note)); }

  Catalog Finish(int num_layers) &&;

 private:
  Catalog catalog_;
  uint64_t elements_ = 0;
};

}  // namespace hlwq::checkpoint
