// What happened to one tensor: the record that quantize writes into the manifest and that reports,
// compare and inspect show.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "checkpoint/catalog.h"
#include "codec/error_stats.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::checkpoint {

struct TensorReport {
  std::string name;
  Shape shape;
  DType source_dtype = DType::kBF16;
  Role role = Role::kOther;
  int layer = -1;
  uint64_t source_bytes = 0;
  uint64_t stored_bytes = 0;
  bool is_quantized = false;
  std::string codec;  // "hlwq", empty when carried over
  int bits = 0;       // nominal, 0 when carried over
  double bits_per_weight = 0;
  std::optional<codec::ErrorStats> errors;  // of quantized or compared tensors
};

// The form in the manifest (docs/format.md, "Manifest"): sums, not only ratios, so that reports can
// be made again and added up.
nlohmann::json ErrorsToJson(const codec::ErrorStats& errors);
// Throws Error{kInvalidData} naming the key.
codec::ErrorStats ErrorsFromJson(const nlohmann::json& json);
nlohmann::json ReportToJson(const TensorReport& report);
TensorReport ReportFromJson(const nlohmann::json& json);

}  // namespace hlwq::checkpoint
