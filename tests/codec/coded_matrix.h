// A matrix with its coded row parts, for tests of codecs.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "codec/codec.h"

namespace hlwq::test {

inline std::vector<float> GaussianMatrix(size_t rows, size_t in, float sigma, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> weights(rows * in);
  for (float& w : weights) w = normal(random);
  return weights;
}

// Buffers of the two row parts of codec "hlwq".
struct CodedMatrix {
  CodedMatrix(const codec::Codec& codec, size_t rows, size_t in) {
    const auto parts = codec.Parts({rows, in});
    packed.resize(parts[0].bytes);
    norms.resize(parts[1].bytes);
    packed_row = parts[0].bytes_per_row;
    norms_row = parts[1].bytes_per_row;
  }

  std::array<std::span<std::byte>, 2> Rows(size_t first, size_t count) {
    return {std::span(packed).subspan(first * packed_row, count * packed_row),
            std::span(norms).subspan(first * norms_row, count * norms_row)};
  }
  std::array<std::span<const std::byte>, 2> ConstParts() const { return {packed, norms}; }

  std::vector<std::byte> packed, norms;
  size_t packed_row = 0, norms_row = 0;
  codec::ErrorStats stats;
};

inline CodedMatrix Encode(const codec::Codec& codec, std::span<const float> weights, size_t in) {
  const size_t rows = weights.size() / in;
  CodedMatrix out(codec, rows, in);
  const auto parts = out.Rows(0, rows);
  codec.EncodeRows(weights, in, 0, parts, out.stats);
  return out;
}

}  // namespace hlwq::test
