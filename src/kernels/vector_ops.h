// The small operations between matrix products, on float32 activations. Those on rows take all tokens
// that the caller has, with one dispatch; all RowSpans of a call have as many rows, and rows get the
// same bits whatever they are computed with. Any alignment; in and out may be the same rows, else they
// do not overlap. Thread: safe for different rows. Nothing is allocated.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/row_span.h"

namespace hlwq::kernels {

// y = x / sqrt(mean(x^2) + epsilon) * weight, for every weight.size() elements of a row apart: a whole
// row, or each of its heads. For zero-centred norms pass weights with the 1 added.
void RmsNorm(RowSpan<const float> x, std::span<const float> weight, float epsilon,
             RowSpan<float> y) noexcept;

// y = x / sqrt(mean(x^2) + epsilon) * weight * silu(z): as RmsNorm first, the gate after.
void GatedRmsNorm(RowSpan<const float> x, std::span<const float> weight, float epsilon,
                  RowSpan<const float> z, RowSpan<float> y) noexcept;

// x = scale * x / sqrt(sum(x^2) + 1e-6) for each head [head_dim] of a row: the norm of keys and
// queries in the delta rule.
void L2Normalize(size_t head_dim, float scale, RowSpan<float> x) noexcept;

// y += x.
void Add(RowSpan<const float> x, RowSpan<float> y) noexcept;

// A row of some matrix, and its weight in a sum.
struct WeightedRow {
  uint32_t row = 0;
  float weight = 0;
};

// y[r] += sum over k of weight * x[row] of terms[r, k], one after another. `terms` [y.rows, terms of a
// row]; x has rows of y's width, any number.
void AddWeighted(RowSpan<const float> x, std::span<const WeightedRow> terms,
                 RowSpan<float> y) noexcept;

// 1 / (1 + e^-x).
inline float Sigmoid(float x) noexcept { return 1 / (1 + std::exp(-x)); }

// y = silu(gate) * up, silu(x) = x / (1 + e^-x). Relative error below 5e-7.
void SiluMul(RowSpan<const float> gate, RowSpan<const float> up, RowSpan<float> y) noexcept;

// y *= sigmoid(gate). Relative error below 5e-7.
void SigmoidMul(RowSpan<const float> gate, RowSpan<float> y) noexcept;

// y[r] *= Sigmoid(gates[r]), with one gate for a row.
void GateRows(RowSpan<const float> gates, RowSpan<float> y) noexcept;

// Rotates pairs (x_i, x_{i + r/2}), i < r/2, of each head [head_dim] of a row by the angles of the
// row, given as cosines and sines [rows, r / 2]; elements of a head from r on stay. Halves are
// paired, not neighbours.
void RotateHeads(RowSpan<const float> cosines, RowSpan<const float> sines, size_t head_dim,
                 RowSpan<float> x) noexcept;

// The index of the largest value; the first of equals; NaN never. x is not empty.
size_t ArgMax(std::span<const float> x) noexcept;

// log(sum(e^x)), by way of the largest value: float exponentials, added in double every 1024.
// Absolute error below 3e-7; -inf for no values.
double LogSumExp(std::span<const float> x) noexcept;

}  // namespace hlwq::kernels
