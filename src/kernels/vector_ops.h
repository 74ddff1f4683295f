// The small operations between matrix products, on float32 vectors of one token. Any alignment; in
// and out may be the same span, else they do not overlap. Thread: safe. Nothing is allocated.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace hlwq::kernels {

// y = x / sqrt(mean(x^2) + epsilon) * weight. For zero-centred norms pass weights with the 1 added.
void RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
             std::span<float> y) noexcept;

// y = x / sqrt(mean(x^2) + epsilon) * weight * silu(z): the norm first, the gate after.
void GatedRmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
                  std::span<const float> z, std::span<float> y) noexcept;

// y = scale * x / sqrt(sum(x^2) + 1e-6), the norm of keys and queries in the delta rule.
void L2Normalize(std::span<const float> x, float scale, std::span<float> y) noexcept;

// y += x.
void Add(std::span<const float> x, std::span<float> y) noexcept;

// y += scale * x.
void AddScaled(std::span<const float> x, float scale, std::span<float> y) noexcept;

// 1 / (1 + e^-x).
inline float Sigmoid(float x) noexcept { return 1 / (1 + std::exp(-x)); }

// y = silu(gate) * up, silu(x) = x / (1 + e^-x). Relative error below 5e-7.
void SiluMul(std::span<const float> gate, std::span<const float> up, std::span<float> y) noexcept;

// y *= sigmoid(gate). Relative error below 5e-7.
void SigmoidMul(std::span<const float> gate, std::span<float> y) noexcept;

// Rotates pairs (x_i, x_{i + r/2}), i < r/2, of one head by angles given as cosines and sines
// [r / 2]; elements from r on stay. Halves are paired, not neighbours.
void RotateHead(std::span<const float> cosines, std::span<const float> sines,
                std::span<float> head) noexcept;

// The index of the largest value; the first of equals; NaN never. x is not empty.
size_t ArgMax(std::span<const float> x) noexcept;

// log(sum(e^x)), by way of the largest value: float exponentials, added in double every 1024.
// Absolute error below 3e-7; -inf for no values.
double LogSumExp(std::span<const float> x) noexcept;

}  // namespace hlwq::kernels
