// ggml block formats and their decoders: the reference readers for GGUF sources (ggml_encode.h has
// the other way).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hlwq::codec {

// Values are those of the GGUF file format.
enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBF16 = 30,
};

// Empty for a type number that is not decoded here.
std::optional<GgmlType> GgmlTypeFromNumber(uint32_t number) noexcept;
std::string_view GgmlTypeName(GgmlType type) noexcept;

uint32_t GgmlBlockWeights(GgmlType type) noexcept;  // 1, 32 or 256
uint32_t GgmlBlockBytes(GgmlType type) noexcept;

// Decodes whole blocks: out.size() weights from out.size() / GgmlBlockWeights blocks. Equal bit for
// bit to the Python gguf package's dequantizer (float32 arithmetic in the same order).
void DecodeGgml(GgmlType type, std::span<const std::byte> blocks, std::span<float> out) noexcept;

}  // namespace hlwq::codec
