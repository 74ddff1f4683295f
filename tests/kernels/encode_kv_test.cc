// What coded tiles of keys keep of vectors that have much in common, as those of models with large key biases do.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "codec/kv_tile.h"
#include "kernels/encode_kv.h"
#include "tensor/buffer.h"
#include "tensor/float16.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/gaussian.h"

namespace hlwq::kernels {
namespace {

using codec::kKvTile;

constexpr size_t kHeadDim = 64;
constexpr float kOffset = 30;  // of a few channels, in deviations of the others

bool IsOutlier(size_t channel) { return channel % 29 == 7; }

// Keys [head_dim, kKvTile] as F16; `offset` added to the outlier channels of all tokens.
std::vector<uint16_t> KeyTile(float offset) {
  const std::vector<float> values = test::Gaussian(kHeadDim * kKvTile, 5);
  std::vector<uint16_t> tile(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    tile[i] = F32ToF16(values[i] + (IsOutlier(i / kKvTile) ? offset : 0));
  }
  return tile;
}

// The squared error of the coded keys over the energy of what differs among tokens, [kKvTile, head_dim].
double ErrorOf(const std::vector<uint16_t>& tile, int bits) {
  const codec::KvTileLayout layout = {codec::KvShapeOf(kHeadDim), bits, true};
  Buffer<std::byte> coded(layout.bytes());
  EncodeKvTile(layout, reinterpret_cast<const std::byte*>(tile.data()), coded.data());
  std::vector<float> decoded(kKvTile * kHeadDim);
  codec::DecodeKvTile(layout, {coded.data(), coded.size()}, decoded);
  double error = 0;
  for (size_t i = 0; i < kHeadDim; ++i) {
    for (size_t token = 0; token < kKvTile; ++token) {
      const double wrong = decoded[token * kHeadDim + i] - F16ToF32(tile[i * kKvTile + token]);
      error += wrong * wrong;
    }
  }
  return error / (kKvTile * kHeadDim);
}

TEST(EncodeKvTile, IsNoWorseForWhatAllTokensHaveInCommon) {
  for (const int bits : {2, 3, 4, 8}) {
    test::ForEachTarget([&](const char* target) {
      const double plain = ErrorOf(KeyTile(0), bits), shifted = ErrorOf(KeyTile(kOffset), bits);
      EXPECT_LT(shifted, 1.15 * plain + 1e-4) << bits << " " << target;
      EXPECT_LT(plain, bits == 2 ? 0.13 : bits == 3 ? 0.04 : 0.012) << bits << " " << target;
    });
  }
}

TEST(EncodeKvTile, TakesTokensThatAreAllTheSame) {
  for (const float offset : {0.0f, 1e-7f, 3.5f, 8000.0f}) {
    std::vector<uint16_t> tile(kHeadDim * kKvTile);
    for (size_t i = 0; i < kHeadDim; ++i) {
      std::fill_n(tile.begin() + static_cast<ptrdiff_t>(i * kKvTile), kKvTile,
                  F32ToF16(i % 2 == 0 ? offset : -offset));
    }
    test::ForEachTarget([&](const char* target) {
      EXPECT_LE(ErrorOf(tile, 4), 1e-4 * offset * offset + 1e-12) << offset << " " << target;
    });
  }
}

}  // namespace
}  // namespace hlwq::kernels
