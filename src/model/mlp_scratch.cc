#include "model/mlp_scratch.h"

#include "kernels/vector_ops.h"

namespace hlwq::model {

void MlpScratch::Activate(size_t row, InputForms forms) noexcept {
  kernels::SiluMul(gate[row], inner.row(row), inner.row(row));
  inner.Seal(row, forms);
}

}  // namespace hlwq::model
