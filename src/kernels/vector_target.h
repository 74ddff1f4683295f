// Which vector instructions the kernels use.
#pragma once

#include <string_view>

namespace hlwq::kernels {

// No better ones than `name` says, from now on: "avx512-vbmi", "avx512", "avx2-vnni", "avx2", "sse4", "neon"
// or "scalar", of those that this processor and this build choose from: one that there is not means the next
// lower one, and a build for 64-bit ARM has nothing to choose. For measurements. Throws Error{kInvalidArgument} for
// another name. Before any kernel runs.
void CapVectorTarget(std::string_view name);
// The ones that kernels use, by the names of CapVectorTarget. Thread: safe.
std::string_view VectorTargetName() noexcept;

// Whether kernels for AVX2 may use AVX-VNNI, which this processor then has: a step of 32 products of bytes in
// one instruction. Thread: safe.
bool UsesAvxVnni() noexcept;

}  // namespace hlwq::kernels
