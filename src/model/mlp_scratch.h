// What a SwiGLU network works in.
#pragma once

#include <cstddef>

#include "model/linear_input.h"
#include "model/rows.h"

namespace hlwq::model {

struct MlpScratch {
  Rows gate;          // [rows, width]
  LinearInput inner;  // [rows, width]; up, then silu(gate) * up

  MlpScratch() = default;
  MlpScratch(size_t rows, size_t width) : gate(rows, width), inner(rows, width) {}

  // inner = silu(gate) * inner, sealed.
  void Activate(kernels::TokenRange rows, InputForms forms) noexcept;
};

}  // namespace hlwq::model
