// What is in a checkpoint, and in one of its tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/catalog.h"
#include "codec/codec.h"
#include "codec/error_stats.h"
#include "tensor/shape.h"

namespace hlwq::report {

// Tensors stored in one way.
struct EncodingUse {
  std::string name;  // "BF16", "hlwq 5 bits lloyd-max", "Q4_K"
  bool is_quantized = false;
  uint64_t tensors = 0;
  uint64_t weights = 0;
  uint64_t bytes = 0;
};

struct InspectedTensor {
  std::string name;
  Shape shape;
  std::string storage;  // an EncodingUse::name
  bool is_quantized = false;
  checkpoint::Role role = checkpoint::Role::kOther;
  int layer = -1;
  uint64_t bytes = 0;
  std::optional<double> snr_db;  // as recorded when it was quantized
};

struct InspectResult {
  std::string path;
  std::string format;
  std::string model_type;                               // empty: no config.json, or it has none
  std::vector<std::pair<std::string, uint64_t>> files;  // name, bytes
  std::vector<EncodingUse> encodings;                   // most bytes first
  uint64_t matrices = 0;  // coded: slices of fused tensors count one by one
  uint64_t weights = 0;
  uint64_t quantized_weights = 0;
  uint64_t bytes = 0;  // of tensors, without headers
  uint64_t quantized_bytes = 0;
  std::vector<codec::CodecSpec> specs;  // distinct ones, in order of appearance
  // Where it comes from: base model, tool version, operation, source files with their hashes.
  std::vector<std::pair<std::string, std::string>> provenance;
  std::optional<codec::ErrorStats> recorded_errors;  // summed over the manifest's reports
  std::vector<InspectedTensor> tensors;              // in stored order
  std::vector<std::string> notes;
};

struct TensorStretch {
  std::string file;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

struct TensorDetail {
  InspectedTensor tensor;
  std::string dtype;                     // of the plain tensor
  std::vector<TensorStretch> stretches;  // where it is stored
  std::optional<codec::CodecSpec> spec;
  // Of the values, decoded. Absent for dtypes that are not decoded. Mean and deviation are over the
  // finite values.
  struct Values {
    uint64_t count = 0;
    uint64_t zeros = 0;
    uint64_t not_finite = 0;
    double min = 0;
    double max = 0;
    double mean = 0;
    double deviation = 0;
    double abs_max = 0;
  };
  std::optional<Values> values;
  std::optional<codec::ErrorStats> recorded_errors;
};

// `list_tensors`: with one line for each tensor.
std::string InspectToText(const InspectResult& result, bool list_tensors,
                          const TextLayout& layout = {});
nlohmann::json InspectToJson(const InspectResult& result);
std::string TensorDetailToText(const TensorDetail& detail, const TextLayout& layout = {});
nlohmann::json TensorDetailToJson(const TensorDetail& detail);

}  // namespace hlwq::report
