// Output tensors in one GGUF file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "codec/ggml_blocks.h"
#include "convert/output_layout.h"
#include "io/gguf_value.h"

namespace hlwq::convert {

struct GgufFileSpec {
  std::string file_name;
  io::GgufMetadata metadata;
  std::vector<codec::GgmlType> types;  // of each output tensor
};

// One shard: the header, then the tensors in the order given, aligned, with zeros between them.
// OutputTensor::dtype and group do not count. Throws Error{kInvalidData} when two tensors have one
// name, and as io::SerializeGguf.
// @pre OutputTensor::bytes is what shape and type give.
OutputLayout LayOutGguf(std::span<const OutputTensor> tensors, const GgufFileSpec& file);

}  // namespace hlwq::convert
