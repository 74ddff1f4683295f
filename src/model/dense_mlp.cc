#include "model/dense_mlp.h"

#include <array>
#include <utility>

#include "kernels/vector_ops.h"
#include "model/workspace.h"

namespace hlwq::model {

DenseMlp::DenseMlp(Linear gate, Linear up, Linear down)
    : gate_(std::move(gate)), up_(std::move(up)), down_(std::move(down)) {}

void DenseMlp::Run(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  const size_t width = work.gate.width;
  const std::array products = {Product{&gate_, work.gate.data.span(), width},
                               Product{&up_, work.inner.rows(), width}};
  MultiplyAll(pass.pool, work.hidden, pass.tokens, products);
  ForEachToken(pass, [&](size_t token) {
    kernels::SiluMul(work.gate[token], work.inner.row(token), work.inner.row(token));
    work.inner.Seal(token, down_.forms());
  });
  const std::array output = {Product{&down_, work.update.data.span(), work.update.width}};
  MultiplyAll(pass.pool, work.inner, pass.tokens, output);
}

}  // namespace hlwq::model
