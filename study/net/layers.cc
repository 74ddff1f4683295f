#include "study/net/layers.h"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace hlwq::study {

at::Tensor ToTensor(std::span<const int32_t> tokens, int64_t length, const at::Device& device) {
  const at::Tensor narrow =
      at::from_blob(const_cast<int32_t*>(tokens.data()),
                    {static_cast<int64_t>(tokens.size()) / length, length}, at::kInt);
  return narrow.to(device, at::kLong);
}

at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  const at::Tensor wide = x.to(at::kFloat);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  if (wide.is_cuda()) return at::rms_norm(wide, {wide.size(-1)}, weight, epsilon);
#endif
  return wide * at::rsqrt(wide.pow(2).mean(-1, true) + epsilon) * weight;
}

RotaryTable MakeRotaryTable(int64_t positions, int64_t head_dim, double theta,
                            const at::Device& device) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor exponents = at::arange(0, head_dim, 2, options) / static_cast<double>(head_dim);
  const at::Tensor frequencies = at::exp(exponents * -std::log(theta));
  const at::Tensor angles = at::outer(at::arange(positions, options), frequencies);
  return {at::cos(angles).to(at::kFloat).to(device), at::sin(angles).to(at::kFloat).to(device)};
}

at::Tensor Rotate(const at::Tensor& x, const RotaryTable& table) {
  const at::Tensor cosines = table.cosines.unsqueeze(1).to(x.scalar_type());
  const at::Tensor sines = table.sines.unsqueeze(1).to(x.scalar_type());
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines},
                 -1);
}

at::Tensor Attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool is_causal) {
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, is_causal);
#else
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1));
  if (is_causal) {
    const int64_t length = q.size(-2);
    scores = scores +
             at::full({length, length}, -std::numeric_limits<float>::infinity(), scores.options())
                 .triu(1);
  }
  return at::matmul(at::softmax(scores, -1), v);
#endif
}

at::Tensor GatedUnit(const at::Tensor& gate, const at::Tensor& up) { return at::silu(gate) * up; }

at::Tensor TimeFeatures(const at::Tensor& times, int64_t width) {
  const int64_t half = width / 2;
  const at::Tensor steps = at::arange(half, times.options()) / static_cast<double>(half);
  const at::Tensor angles =
      times.unsqueeze(1) * 1000.0 * at::exp(steps * -std::log(10000.0)).unsqueeze(0);
  return at::cat({at::cos(angles), at::sin(angles)}, 1);
}

}  // namespace hlwq::study
