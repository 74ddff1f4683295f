// The fast Walsh-Hadamard transform of one block, in the order of operations that every
// implementation shares (docs/format.md, "Transform").
#pragma once

#include <cstddef>
#include <span>

namespace hlwq::codec {

inline constexpr size_t kBlockSize = 128;

// In place, natural (Sylvester) order, not normalised: Fwht128 twice is 128 times the identity and
// Fwht128(w) = sqrt(128) * H w. Stages of distance 64, 32, .., 1; each replaces (a, b) by
// (a + b, a - b) in float32. This order of roundings is normative.
void Fwht128(std::span<float, kBlockSize> block) noexcept;

// The same of a block of any power of two: Fwht twice is block.size() times the identity.
void Fwht(std::span<float> block) noexcept;

// Sum of 128 float32 terms in the normative order: two chains over the eight groups of 16 (even and
// odd groups, ascending), their sum, then halving: lane l takes lane l + 8, + 4, + 2, + 1.
float SumBlock(std::span<const float, kBlockSize> terms) noexcept;

}  // namespace hlwq::codec
