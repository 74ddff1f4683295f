// Element types: every dtype a safetensors file can hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hlwq {

// clang-format off
enum class DType : uint8_t {
  kBool, kF4, kF6E2M3, kF6E3M2, kU8, kI8, kF8E5M2, kF8E4M3, kF8E8M0, kF8E4M3Fnuz, kF8E5M2Fnuz,
  kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kC64, kF64, kI64, kU64,
};
// clang-format on

// Size of one element; 4 and 6 for the sub-byte floats, which only fill whole bytes as tensors.
unsigned BitsPerElement(DType dtype) noexcept;

// Name as safetensors headers write it ("BF16").
std::string_view DTypeName(DType dtype) noexcept;
// Inverse of DTypeName; empty when the name is unknown. "F8_E4M3FN" is accepted for F8_E4M3.
std::optional<DType> DTypeFromName(std::string_view name) noexcept;

// True for the types weights are quantized from: F16, BF16, F32.
bool IsWeightFloat(DType dtype) noexcept;

}  // namespace hlwq
