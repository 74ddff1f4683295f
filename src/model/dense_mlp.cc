#include "model/dense_mlp.h"

#include <array>
#include <utility>

namespace hlwq::model {

DenseMlp::DenseMlp(Linear gate, Linear up, Linear down, MlpScratch Workspace::*scratch)
    : gate_(std::move(gate)), up_(std::move(up)), down_(std::move(down)), scratch_(scratch) {}

void DenseMlp::Run(const Pass& pass) const {
  Workspace& work = pass.work;
  MlpScratch& scratch = work.*scratch_;
  const TokenCount count = CountOf(pass);
  const TokenRange all = {0, pass.tokens};
  std::array products = {Times(gate_, work.hidden, count, scratch.gate[all]),
                         Times(up_, work.hidden, count, scratch.inner[all])};
  Multiply(pass, products);
  ForTokenRanges(pass, [&](TokenRange tokens) { scratch.Activate(tokens, down_.forms()); });
  std::array output = {Times(down_, scratch.inner, count, work.update[all])};
  Multiply(pass, output);
}

}  // namespace hlwq::model
