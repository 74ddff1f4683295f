// One published coded matrix: from its stored parts to a codec spec, a shape and where its rows are
// (docs/format-polar-state.md, P.5 and P.6).
#pragma once

#include <string>
#include <string_view>

#include "checkpoint/polar/input.h"
#include "checkpoint/polar/names.h"

namespace hlwq::checkpoint {

struct PolarMatrix {
  codec::CodecSpec spec;
  MatrixShape shape;
  DType norm_dtype = DType::kF16;
  CodedSlice rows;
  size_t position = 0;             // of the first part among the stored tensors
  bool has_assumed_table = false;  // polarquant-v1, because the file records none
};

// Reads the matrix whose codes are `head`, a tensor named `__packed`, `__codes` or `.codes`; `name`
// is what its prefix stands for. Marks all its parts as taken. Throws Error{kInvalidData},
// Error{kNotFound} (a part is missing) or Error{kUnsupported}.
PolarMatrix ReadPolarMatrix(const PolarInput& input, StoredTensors& stored, const TensorEntry& head,
                            const PolarName& name);

}  // namespace hlwq::checkpoint
