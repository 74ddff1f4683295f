// What hlwq inspect shows, gathered from the headers of a checkpoint.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"
#include "codec/error_stats.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::cli {

struct InspectedTensor {
  std::string name;
  Shape shape;
  DType dtype = DType::kBF16;  // as transformers would see it
  checkpoint::Role role = checkpoint::Role::kOther;
  int layer = -1;
  std::string stored_as;  // "BF16", "hlwq 5 bits", "Q4_1"
  bool is_coded = false;
  uint64_t slices = 1;
  uint64_t weights = 0;
  uint64_t stored_bytes = 0;
  std::vector<std::string> places;          // "model.safetensors, bytes 128 to 4224"
  std::optional<codec::ErrorStats> errors;  // as the manifest recorded them

  double BitsPerWeight() const noexcept;  // 0 without weights
};

struct Inspection {
  std::string format;
  std::string model_type;  // empty when unknown
  std::string base_model;
  std::string tool;
  std::vector<std::string> codecs;   // one line for each that is in use
  std::vector<std::string> sources;  // files it was made from, with their hashes
  uint64_t files = 0;
  uint64_t file_bytes = 0;
  uint64_t coded_tensors = 0;
  uint64_t coded_matrices = 0;
  uint64_t weights = 0;
  uint64_t coded_weights = 0;
  uint64_t stored_bytes = 0;
  std::vector<InspectedTensor> tensors;  // in stored order
  std::vector<std::string> notes;

  double BitsPerWeight() const noexcept;
  const InspectedTensor* Find(std::string_view name) const noexcept;
};

// Reads the manifest beside the checkpoint where there is one; no weights.
Inspection InspectCheckpoint(const checkpoint::Checkpoint& checkpoint);

nlohmann::json TensorToJson(const InspectedTensor& tensor);
nlohmann::json InspectionToJson(const Inspection& inspection);

}  // namespace hlwq::cli
