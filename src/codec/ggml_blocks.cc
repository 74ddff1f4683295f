#include "codec/ggml_blocks.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/ggml_layout.h"
#include "tensor/float16.h"

// This unit is compiled with -ffp-contract=off: d * q + m rounds twice, as the reference does.

namespace hlwq::codec {
namespace {

using namespace ggml;

struct TypeRow {
  GgmlType type;
  std::string_view name;
  uint32_t block_weights;
  uint32_t block_bytes;
};

constexpr std::array kTypes = {
    TypeRow{GgmlType::kF32, "F32", 1, 4},
    TypeRow{GgmlType::kF16, "F16", 1, 2},
    TypeRow{GgmlType::kBF16, "BF16", 1, 2},
    TypeRow{GgmlType::kQ4_0, "Q4_0", kSmallBlockWeights, sizeof(BlockQ4_0)},
    TypeRow{GgmlType::kQ4_1, "Q4_1", kSmallBlockWeights, sizeof(BlockQ4_1)},
    TypeRow{GgmlType::kQ5_0, "Q5_0", kSmallBlockWeights, sizeof(BlockQ5_0)},
    TypeRow{GgmlType::kQ5_1, "Q5_1", kSmallBlockWeights, sizeof(BlockQ5_1)},
    TypeRow{GgmlType::kQ8_0, "Q8_0", kSmallBlockWeights, sizeof(BlockQ8_0)},
    TypeRow{GgmlType::kQ4_K, "Q4_K", kSuperBlockWeights, sizeof(BlockQ4_K)},
    TypeRow{GgmlType::kQ5_K, "Q5_K", kSuperBlockWeights, sizeof(BlockQ5_K)},
    TypeRow{GgmlType::kQ6_K, "Q6_K", kSuperBlockWeights, sizeof(BlockQ6_K)},
};

const TypeRow& Row(GgmlType type) noexcept {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row;
  }
  return kTypes[0];
}

void DecodeBlock(const BlockQ4_0& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  for (size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((block.qs[i] & 0x0F) - 8);
    out[16 + i] = d * static_cast<float>((block.qs[i] >> 4) - 8);
  }
}

void DecodeBlock(const BlockQ4_1& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  const float m = F16ToF32(block.m);
  for (size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(block.qs[i] & 0x0F) + m;
    out[16 + i] = d * static_cast<float>(block.qs[i] >> 4) + m;
  }
}

int FifthBit(const uint8_t* qh, size_t weight) noexcept {
  return ((qh[weight / 8] >> (weight % 8)) & 1) << 4;
}

void DecodeBlock(const BlockQ5_0& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  for (size_t i = 0; i < 16; ++i) {
    const int low = (block.qs[i] & 0x0F) | FifthBit(block.qh, i);
    const int high = (block.qs[i] >> 4) | FifthBit(block.qh, 16 + i);
    out[i] = d * static_cast<float>(low - 16);
    out[16 + i] = d * static_cast<float>(high - 16);
  }
}

void DecodeBlock(const BlockQ5_1& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  const float m = F16ToF32(block.m);
  for (size_t i = 0; i < 16; ++i) {
    const int low = (block.qs[i] & 0x0F) | FifthBit(block.qh, i);
    const int high = (block.qs[i] >> 4) | FifthBit(block.qh, 16 + i);
    out[i] = d * static_cast<float>(low) + m;
    out[16 + i] = d * static_cast<float>(high) + m;
  }
}

void DecodeBlock(const BlockQ8_0& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(block.qs[i]) * d;
}

struct ScaleAndMin {
  float scale, min;
};

// Sub-blocks 0..3 keep 6-bit scale and minimum in the low bits of bytes s and 4 + s. Those of 4..7
// are spread: low nibbles in byte 4 + s (scale low, minimum high), the two upper bits in the upper
// bits of the bytes of sub-block s - 4.
ScaleAndMin UnpackScales(const uint8_t* scales, size_t sub) noexcept {
  if (sub < 4) {
    return {static_cast<float>(scales[sub] & 0x3F), static_cast<float>(scales[4 + sub] & 0x3F)};
  }
  const uint8_t low = scales[4 + sub];
  return {static_cast<float>((low & 0x0F) | ((scales[sub - 4] >> 2) & 0x30)),
          static_cast<float>((low >> 4) | ((scales[sub] >> 2) & 0x30))};
}

void DecodeBlock(const BlockQ4_K& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (size_t sub = 0; sub < 8; ++sub) {
    const ScaleAndMin unpacked = UnpackScales(block.scales, sub);
    const float scale = d * unpacked.scale;
    const float min = dmin * unpacked.min;
    const uint8_t* qs = block.qs + sub / 2 * 32;
    const unsigned shift = sub % 2 * 4;
    for (size_t i = 0; i < 32; ++i) {
      out[sub * 32 + i] = scale * static_cast<float>((qs[i] >> shift) & 0x0F) - min;
    }
  }
}

void DecodeBlock(const BlockQ5_K& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  const float dmin = F16ToF32(block.dmin);
  for (size_t sub = 0; sub < 8; ++sub) {
    const ScaleAndMin unpacked = UnpackScales(block.scales, sub);
    const float scale = d * unpacked.scale;
    const float min = dmin * unpacked.min;
    const uint8_t* qs = block.qs + sub / 2 * 32;
    const unsigned shift = sub % 2 * 4;
    for (size_t i = 0; i < 32; ++i) {
      const int q = ((qs[i] >> shift) & 0x0F) | (((block.qh[i] >> sub) & 1) << 4);
      out[sub * 32 + i] = scale * static_cast<float>(q) - min;
    }
  }
}

void DecodeBlock(const BlockQ6_K& block, float* out) noexcept {
  const float d = F16ToF32(block.d);
  for (size_t group = 0; group < 8; ++group) {
    const size_t half = group / 4;
    const size_t in_half = group % 4;
    const uint8_t* ql = block.ql + half * 64 + in_half % 2 * 32;
    const uint8_t* qh = block.qh + half * 32;
    const unsigned shift = in_half / 2 * 4;
    for (size_t i = 0; i < 32; ++i) {
      const float scale = d * static_cast<float>(block.scales[group * 2 + i / 16]);
      const int q = ((ql[i] >> shift) & 0x0F) | (((qh[i] >> (2 * in_half)) & 3) << 4);
      out[group * 32 + i] = scale * static_cast<float>(q - 32);
    }
  }
}

template <typename Block, size_t kWeights>
void DecodeBlocks(std::span<const std::byte> blocks, std::span<float> out) noexcept {
  for (size_t index = 0; index < out.size() / kWeights; ++index) {
    Block block;
    std::memcpy(&block, blocks.data() + index * sizeof(Block), sizeof(Block));
    DecodeBlock(block, out.data() + index * kWeights);
  }
}

template <float (*kToFloat)(uint16_t)>
void DecodeHalves(std::span<const std::byte> halves, std::span<float> out) noexcept {
  for (size_t index = 0; index < out.size(); ++index) {
    uint16_t bits;
    std::memcpy(&bits, halves.data() + index * sizeof(bits), sizeof(bits));
    out[index] = kToFloat(bits);
  }
}

}  // namespace

std::optional<GgmlType> GgmlTypeFromNumber(uint32_t number) noexcept {
  for (const TypeRow& row : kTypes) {
    if (static_cast<uint32_t>(row.type) == number) return row.type;
  }
  return std::nullopt;
}

std::string_view GgmlTypeName(GgmlType type) noexcept { return Row(type).name; }
uint32_t GgmlBlockWeights(GgmlType type) noexcept { return Row(type).block_weights; }
uint32_t GgmlBlockBytes(GgmlType type) noexcept { return Row(type).block_bytes; }

void DecodeGgml(GgmlType type, std::span<const std::byte> blocks, std::span<float> out) noexcept {
  HLWQ_DASSERT(out.size() % GgmlBlockWeights(type) == 0);
  HLWQ_DASSERT(blocks.size() >= out.size() / GgmlBlockWeights(type) * GgmlBlockBytes(type));
  switch (type) {
    case GgmlType::kF32:
      std::memcpy(out.data(), blocks.data(), out.size_bytes());
      break;
    case GgmlType::kF16:
      DecodeHalves<F16ToF32>(blocks, out);
      break;
    case GgmlType::kBF16:
      DecodeHalves<BF16ToF32>(blocks, out);
      break;
    case GgmlType::kQ4_0:
      DecodeBlocks<BlockQ4_0, kSmallBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ4_1:
      DecodeBlocks<BlockQ4_1, kSmallBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ5_0:
      DecodeBlocks<BlockQ5_0, kSmallBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ5_1:
      DecodeBlocks<BlockQ5_1, kSmallBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ8_0:
      DecodeBlocks<BlockQ8_0, kSmallBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ4_K:
      DecodeBlocks<BlockQ4_K, kSuperBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ5_K:
      DecodeBlocks<BlockQ5_K, kSuperBlockWeights>(blocks, out);
      break;
    case GgmlType::kQ6_K:
      DecodeBlocks<BlockQ6_K, kSuperBlockWeights>(blocks, out);
      break;
  }
}

}  // namespace hlwq::codec
