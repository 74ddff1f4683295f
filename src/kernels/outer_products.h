// Sums of outer products over tokens, left^T right: what Hessians are made of.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/row_span.h"

namespace hlwq::kernels {

// sums[i * stride + k] += sum over tokens of left[token][i] * right[token][k], one token after another.
// left [tokens, m], right [tokens, n]; they may be the same. The result does not depend on how columns are
// divided among calls, and is the same on all targets that multiply and add in one step. Thread: safe for
// disjoint sums. Stack: 80 KiB; allocates nothing. Cost: float arithmetic, tokens * m * n multiply-adds.
void AddOuterProducts(RowSpan<const float> left, RowSpan<const float> right, size_t stride,
                      std::span<float> sums) noexcept;

}  // namespace hlwq::kernels
