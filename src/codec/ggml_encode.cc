#include "codec/ggml_encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "codec/block_errors.h"
#include "codec/ggml_layout.h"
#include "tensor/float16.h"

// This unit is compiled with -ffp-contract=off: x * id + 8.5 rounds twice, as the reference does.

namespace hlwq::codec {
namespace {

using namespace ggml;

using Weights = std::span<const float, kSmallBlockWeights>;

constexpr Half kF16Infinity = 0x7C00;

// Of the largest magnitude; the first of several. NaN is never larger than anything, so a block of
// numbers and NaN is told by HasOnlyFinite.
float Largest(Weights weights) noexcept {
  float largest = 0;
  float magnitude = 0;
  for (const float w : weights) {
    if (std::fabs(w) > magnitude) {
      magnitude = std::fabs(w);
      largest = w;
    }
  }
  return largest;
}

bool HasOnlyFinite(Weights weights) noexcept {
  // A sum of zeros, unless one factor is infinite or NaN.
  float sum = 0;
  for (const float w : weights) sum += w * 0.0f;
  return sum == 0;
}

struct Scale {
  Half stored;
  float inverse;
};

// Empty for a step that fp16 does not hold.
std::optional<Scale> MakeScale(float step) noexcept {
  const Scale scale{F32ToF16(step), step == 0 ? 0.0f : 1 / step};
  if ((scale.stored & 0x7FFF) == kF16Infinity) return std::nullopt;
  if (!std::isfinite(scale.inverse)) return Scale{scale.stored, 0};
  return scale;
}

// To nearest, ties away from zero, of a magnitude below 2^24: roundf without a call.
int8_t RoundAway(float value) noexcept {
  const float magnitude = std::fabs(value);
  const auto whole = static_cast<int>(magnitude);
  const int rounded = whole + (magnitude - static_cast<float>(whole) >= 0.5f ? 1 : 0);
  return static_cast<int8_t>(value < 0 ? -rounded : rounded);
}

// Steps of an asymmetric code of 2 * kZero levels: the largest weight is level 0, whatever its sign,
// so the levels reach kZero steps to its side and kZero - 1 to the other.
template <int kZero>
uint8_t Level(float weight, float inverse) noexcept {
  const float level = weight * inverse + (static_cast<float>(kZero) + 0.5f);
  return static_cast<uint8_t>(std::min(static_cast<int>(level), 2 * kZero - 1));
}

bool EncodeBlock(Weights weights, BlockQ8_0& block) noexcept {
  const std::optional<Scale> scale = MakeScale(std::fabs(Largest(weights)) / 127);
  if (!scale) return false;
  block.d = scale->stored;
  for (size_t i = 0; i < 32; ++i) block.qs[i] = RoundAway(weights[i] * scale->inverse);
  return true;
}

bool EncodeBlock(Weights weights, BlockQ4_0& block) noexcept {
  const std::optional<Scale> scale = MakeScale(Largest(weights) / -8);
  if (!scale) return false;
  block.d = scale->stored;
  for (size_t i = 0; i < 16; ++i) {
    const uint8_t low = Level<8>(weights[i], scale->inverse);
    const uint8_t high = Level<8>(weights[16 + i], scale->inverse);
    block.qs[i] = static_cast<uint8_t>(low | high << 4);
  }
  return true;
}

bool EncodeBlock(Weights weights, BlockQ5_0& block) noexcept {
  const std::optional<Scale> scale = MakeScale(Largest(weights) / -16);
  if (!scale) return false;
  block.d = scale->stored;
  uint32_t fifth_bits = 0;
  for (size_t i = 0; i < 16; ++i) {
    const uint8_t low = Level<16>(weights[i], scale->inverse);
    const uint8_t high = Level<16>(weights[16 + i], scale->inverse);
    block.qs[i] = static_cast<uint8_t>((low & 0x0F) | (high & 0x0F) << 4);
    fifth_bits |= uint32_t{low} >> 4 << i | uint32_t{high} >> 4 << (16 + i);
  }
  std::memcpy(block.qh, &fifth_bits, sizeof(block.qh));
  return true;
}

[[noreturn]] void ThrowUnstorable(Weights weights, uint64_t row, uint64_t column) {
  RequireFinite(weights, row, column);
  throw Error(ErrorCode::kNonFinite,
              fmt::format("{}: want a scale that fp16 can hold, got values up to {:.6g}",
                          BlockPlace(weights, row, column), std::fabs(Largest(weights))));
}

template <typename Block>
void EncodeBlocks(std::span<const float> weights, uint64_t in, uint64_t first_row,
                  std::span<std::byte> blocks) {
  for (size_t index = 0; index < weights.size() / kSmallBlockWeights; ++index) {
    const size_t first = index * kSmallBlockWeights;
    const auto block_weights = Weights(weights.subspan(first).first<kSmallBlockWeights>());
    Block block;
    if (!HasOnlyFinite(block_weights) || !EncodeBlock(block_weights, block)) {
      ThrowUnstorable(block_weights, first_row + first / in, first % in);
    }
    std::memcpy(blocks.data() + index * sizeof(Block), &block, sizeof(Block));
  }
}

}  // namespace

bool CanEncodeGgml(GgmlType type) noexcept {
  return type == GgmlType::kQ4_0 || type == GgmlType::kQ5_0 || type == GgmlType::kQ8_0;
}

void EncodeGgml(GgmlType type, std::span<const float> weights, uint64_t in, uint64_t first_row,
                std::span<std::byte> blocks) {
  HLWQ_DASSERT(CanEncodeGgml(type));
  HLWQ_DASSERT(in > 0 && in % GgmlBlockWeights(type) == 0 && weights.size() % in == 0);
  HLWQ_DASSERT(blocks.size() == weights.size() / GgmlBlockWeights(type) * GgmlBlockBytes(type));
  switch (type) {
    case GgmlType::kQ4_0:
      return EncodeBlocks<BlockQ4_0>(weights, in, first_row, blocks);
    case GgmlType::kQ5_0:
      return EncodeBlocks<BlockQ5_0>(weights, in, first_row, blocks);
    case GgmlType::kQ8_0:
      return EncodeBlocks<BlockQ8_0>(weights, in, first_row, blocks);
    default:
      return;
  }
}

}  // namespace hlwq::codec
