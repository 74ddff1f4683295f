#include "model/dense_mlp.h"

#include <array>
#include <utility>

#include "kernels/vector_ops.h"

namespace hlwq::model {

DenseMlp::DenseMlp(Linear gate, Linear up, Linear down, MlpScratch Workspace::*scratch)
    : gate_(std::move(gate)), up_(std::move(up)), down_(std::move(down)), scratch_(scratch) {}

void DenseMlp::Run(const Pass& pass) const {
  Workspace& work = pass.work;
  MlpScratch& scratch = work.*scratch_;
  const size_t width = scratch.gate.width;
  std::array products = {Times(gate_, work.hidden, CountOf(pass), scratch.gate.data.span(), width),
                         Times(up_, work.hidden, CountOf(pass), scratch.inner.rows(), width)};
  MultiplyAll(pass.pool, products);
  ForEachToken(pass, [&](size_t token) { scratch.Activate(token, down_.forms()); });
  std::array output = {
      Times(down_, scratch.inner, CountOf(pass), work.update.data.span(), work.update.width)};
  MultiplyAll(pass.pool, output);
}

}  // namespace hlwq::model
