// What both objectives do with tensors. Includes libtorch.
#pragma once

#include <torch/types.h>

#include <span>
#include <vector>

#include "study/net/net.h"

namespace hlwq::study {

// int64 [batch, length] on the net's device.
at::Tensor ToTensor(const Net& net, const TokenGrid& grid);
// A vector on the net's device; float64 becomes float32.
at::Tensor ToTensor(const Net& net, std::span<const int64_t> values);
at::Tensor ToTensor(const Net& net, std::span<const double> values);

// -log softmax(logits)[target], float32 [rows]: logits [rows, vocabulary], targets int64 [rows].
at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& targets);

// The values on this side, float64.
std::vector<double> ToHost(const at::Tensor& values);

}  // namespace hlwq::study
