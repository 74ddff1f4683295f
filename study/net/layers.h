// The operations of a layer on tensors. Includes libtorch.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>

namespace hlwq::study {

// int64 [rows, length] on the device.
at::Tensor ToTensor(std::span<const int32_t> tokens, int64_t length, const at::Device& device);

// x * weight / rms(x) over the last axis.
at::Tensor RmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

// cos and sin of position * theta^(-2 i / head_dim), each [positions, head_dim / 2], float32.
struct RotaryTable {
  at::Tensor cosines, sines;
};
RotaryTable MakeRotaryTable(int64_t positions, int64_t head_dim, double theta,
                            const at::Device& device);

// Rotates pairs (i, i + head_dim / 2) of x [batch, length, heads, head_dim]; the table has `length` rows.
at::Tensor Rotate(const at::Tensor& x, const RotaryTable& table);

// softmax(q k^T / sqrt(head_dim)) v, all [batch, heads, length, head_dim]. Causal: token t sees those up to t.
at::Tensor Attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool is_causal);

// silu(gate) * up.
at::Tensor GatedUnit(const at::Tensor& gate, const at::Tensor& up);

// Sines and cosines of 1000 t at `width` / 2 frequencies from 1 down to 1e-4: [batch, width].
at::Tensor TimeFeatures(const at::Tensor& times, int64_t width);

}  // namespace hlwq::study
