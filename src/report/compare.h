// How two checkpoints differ, tensor by tensor.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/tensor_report.h"
#include "codec/error_stats.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::report {

// Tensors of a dtype that is not compared as numbers.
struct ByteComparison {
  std::string name;
  DType dtype = DType::kU8;
  Shape shape;
  uint64_t bytes = 0;
  uint64_t different_bytes = 0;
};

struct CompareProblem {
  std::string name;
  std::string what;  // "shape: [2, 3] in the first, [3, 2] in the second"
};

struct CompareResult {
  // Compared as numbers, worst SNR first (exact and all-zero ones last), ties by name. source_bytes
  // and stored_bytes are what the first and the second checkpoint store; is_quantized, codec and
  // bits speak of the second. No codes and no coordinates are counted.
  std::vector<checkpoint::TensorReport> tensors;
  std::vector<ByteComparison> bytewise;  // in the order of the first checkpoint
  std::vector<std::string> only_in_first;
  std::vector<std::string> only_in_second;
  std::vector<CompareProblem> problems;  // tensors that could not be compared
  codec::ErrorStats total;               // over `tensors`
  std::vector<std::string> notes;
};

// The `worst` tensors, a summary by role, what could not be compared, totals.
std::string CompareToText(const CompareResult& result, const TextLayout& layout = {},
                          size_t worst = 20);

// Everything. Numbers that are not finite are "inf", "-inf"; the SNR of all-zero tensors is null.
nlohmann::json CompareToJson(const CompareResult& result);

}  // namespace hlwq::report
