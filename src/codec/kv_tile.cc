#include "codec/kv_tile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "codec/gaussian_tables.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

constexpr size_t kMostRotation = 512;
constexpr size_t kMostScaled = 128;
constexpr size_t kLeastRotation = 8;
constexpr size_t kLeastRotationOfMany = 32;

std::array<int8_t, 16> MakeLevels(int bits) {
  const std::span<const float> table = GaussianLevels(kTableLloydMax, bits);
  std::array<int8_t, 16> levels = {};
  for (size_t i = 0; i < table.size(); ++i) {
    levels[i] = static_cast<int8_t>(std::lround(table[i] / table.back() * 127));
  }
  return levels;
}

// Where code k of a group lies in it, for lane n.
struct CodePlace {
  size_t byte;  // of its low bits
  int shift;
  size_t high_byte = 0;  // 3 bits
  int high_shift = 0;
};

CodePlace PlaceOf(int bits, size_t k, size_t n) {
  const size_t at = 4 * n + k % 4;
  switch (bits) {
    case 8:
      return {at, 0};
    case 4:
      return {at, static_cast<int>(k / 4 * 4)};
    case 2:
      return {at, static_cast<int>(k / 4 * 2)};
    default:
      return {k / 16 * 64 + at, static_cast<int>(k % 16 / 4 * 2), 128 + at,
              static_cast<int>(k / 4)};
  }
}

}  // namespace

KvHeadShape KvShapeOf(size_t head_dim) {
  const size_t power = head_dim & (~head_dim + 1);
  const size_t rotation = std::min(power, kMostRotation);
  const size_t least = head_dim <= kMostScaled ? kLeastRotation : kLeastRotationOfMany;
  if (rotation < least || head_dim > kMostKvHeadDim) {
    throw Error(
        ErrorCode::kUnsupported,
        fmt::format("coded keys and values: want heads whose dimensions are a multiple of {}, "
                    "{} at most, got {}",
                    least, kMostKvHeadDim, head_dim));
  }
  const size_t scaled = head_dim <= kMostScaled ? head_dim : std::min(rotation, kMostScaled);
  return {.head_dim = head_dim, .rotation = rotation, .scaled = scaled};
}

const std::array<int8_t, 16>& KvLevels(int bits) {
  static const std::array<std::array<int8_t, 16>, 3> levels = {MakeLevels(2), MakeLevels(3),
                                                               MakeLevels(4)};
  HLWQ_DASSERT(bits >= 2 && bits <= 4);
  return levels[static_cast<size_t>(bits - 2)];
}

void PackKvCodes(const KvMatrixLayout& layout, const uint8_t* codes, size_t stride,
                 std::span<std::byte> to) noexcept {
  HLWQ_DASSERT(to.size() == layout.bytes());
  std::fill(to.begin(), to.end(), std::byte{});
  const size_t group_depth = layout.group_depth();
  auto* bytes = reinterpret_cast<uint8_t*>(to.data());
  for (size_t k = 0; k < layout.depth; ++k) {
    const CodePlace place = PlaceOf(layout.bits, k % group_depth, 0);
    uint8_t* group = bytes + k / group_depth * layout.group_bytes();
    const uint8_t* from = codes + k * stride;
    for (size_t n = 0; n < layout.width; ++n) {
      uint8_t* block = group + n / KvMatrixLayout::kLanes * layout.block_bytes();
      const size_t lane = 4 * (n % KvMatrixLayout::kLanes);
      const uint8_t low = layout.bits == 3 ? from[n] & 3 : from[n];
      block[place.byte + lane] |= static_cast<uint8_t>(low << place.shift);
      if (layout.bits == 3) {
        block[place.high_byte + lane] |= static_cast<uint8_t>(from[n] >> 2 << place.high_shift);
      }
    }
  }
}

int KvLevelAt(const KvMatrixLayout& layout, std::span<const std::byte> from, size_t k, size_t n) {
  const CodePlace place =
      PlaceOf(layout.bits, k % layout.group_depth(), n % KvMatrixLayout::kLanes);
  const std::byte* group = from.data() + n / KvMatrixLayout::kLanes * layout.block_bytes() +
                           k / layout.group_depth() * layout.group_bytes();
  const auto byte = std::to_integer<unsigned>(group[place.byte]);
  if (layout.bits == 8) return static_cast<int8_t>(byte);
  const unsigned mask = layout.bits == 4 ? 15 : 3;
  unsigned code = byte >> place.shift & mask;
  if (layout.bits == 3) {
    code |= (std::to_integer<unsigned>(group[place.high_byte]) >> place.high_shift & 1) << 2;
  }
  return KvLevels(layout.bits)[code];
}

void DecodeKvTile(const KvTileLayout& layout, std::span<const std::byte> from,
                  std::span<float> vectors) {
  const KvHeadShape& shape = layout.shape;
  HLWQ_DASSERT(from.size() == layout.bytes() && vectors.size() == kKvTile * shape.head_dim);
  const auto matrix = from.subspan(layout.matrix_offset());
  const auto half_at = [&](size_t offset) {
    uint16_t half = 0;
    std::memcpy(&half, from.data() + offset, sizeof(half));
    return static_cast<double>(F16ToF32(half));
  };
  std::vector<double> mean(shape.head_dim);
  for (size_t i = 0; i < shape.head_dim && layout.is_keys; ++i) {
    const std::byte level = from[layout.mean_offset() + KvMeanPlace(i)];
    mean[i] = half_at(layout.mean_scales_offset() + i / shape.scaled * 2) *
              static_cast<int8_t>(level) * kKvLevelUnit;
  }
  std::vector<double> row(shape.head_dim);
  for (size_t token = 0; token < kKvTile; ++token) {
    for (size_t i = 0; i < shape.head_dim; ++i) {
      const int level = layout.is_keys ? KvLevelAt(layout.matrix(), matrix, i, token)
                                       : KvLevelAt(layout.matrix(), matrix, token, i);
      row[i] = half_at((i / shape.scaled * kKvTile + token) * 2) * level * kKvLevelUnit + mean[i];
    }
    for (size_t first = 0; first < shape.head_dim; first += shape.rotation) {
      for (size_t distance = shape.rotation / 2; distance > 0; distance /= 2) {
        for (size_t i = 0; i < shape.rotation; ++i) {
          if ((i & distance) != 0) continue;
          double& a = row[first + i];
          double& b = row[first + i + distance];
          const double sum = a + b;
          b = a - b;
          a = sum;
        }
      }
    }
    for (size_t i = 0; i < shape.head_dim; ++i) {
      vectors[token * shape.head_dim + i] =
          static_cast<float>(row[i] / std::sqrt(static_cast<double>(shape.rotation)));
    }
  }
}

}  // namespace hlwq::codec
