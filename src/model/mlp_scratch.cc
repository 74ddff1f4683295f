#include "model/mlp_scratch.h"

#include "kernels/vector_ops.h"

namespace hlwq::model {

void MlpScratch::Activate(kernels::TokenRange rows, InputForms forms) noexcept {
  kernels::SiluMul(gate[rows], inner[rows], inner[rows]);
  inner.Seal(rows, forms);
}

}  // namespace hlwq::model
