#include "study/objective/tensors.h"

#include <torch/torch.h>

#include "study/net/layers.h"

namespace hlwq::study {

at::Tensor ToTensor(const Net& net, const TokenGrid& grid) {
  return ToTensor(grid.tokens, static_cast<int64_t>(grid.length), at::Device(net.device()));
}

at::Tensor ToTensor(const Net& net, std::span<const int64_t> values) {
  return at::from_blob(const_cast<int64_t*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::kLong)
      .clone()
      .to(at::Device(net.device()));
}

at::Tensor ToTensor(const Net& net, std::span<const double> values) {
  return at::from_blob(const_cast<double*>(values.data()), {static_cast<int64_t>(values.size())},
                       at::kDouble)
      .to(at::Device(net.device()), at::kFloat);
}

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& targets) {
  return at::nll_loss(at::log_softmax(logits, -1, at::kFloat), targets, {}, at::Reduction::None);
}

std::vector<double> ToHost(const at::Tensor& values) {
  const at::Tensor flat = values.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace hlwq::study
