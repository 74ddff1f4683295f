// Matrices on which the vector codecs are held to the bytes of the scalar ones.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "codec/codec.h"
#include "kernels/cpu_backend.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::test {

struct CodingInput {
  std::string name;
  size_t in = 0;
  std::vector<float> weights;
};

// Random, structured, tiny and huge matrices, widths with and without padding.
inline std::vector<CodingInput> CodingInputs() {
  std::vector<CodingInput> inputs;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const auto add = [&](std::string name, size_t in, size_t rows, auto weight) {
    CodingInput input{std::move(name), in, std::vector<float>(in * rows)};
    for (size_t i = 0; i < input.weights.size(); ++i) input.weights[i] = weight(i);
    inputs.push_back(std::move(input));
  };
  add("gaussian", 1024, 9, [&](size_t) { return 0.02f * normal(random); });
  add("one column", 1, 3, [&](size_t) { return normal(random); });
  add("short of a block", 127, 3, [&](size_t) { return normal(random); });
  add("one more than a block", 129, 5, [&](size_t) { return normal(random); });
  add("odd", 1000, 3, [&](size_t) { return 0.1f * normal(random); });
  add("heavy tails", 512, 8, [&](size_t) { return std::pow(normal(random), 5.0f); });
  add("zeros", 256, 2, [](size_t) { return 0.0f; });
  add("negative zeros", 256, 2, [](size_t i) { return i % 3 == 0 ? -0.0f : 0.0f; });
  add("constant", 256, 2, [](size_t) { return 0.7f; });
  add("impulses", 256, 4, [](size_t i) { return i % 128 == i / 128 ? 1.5f : 0.0f; });
  add("signs", 256, 4, [&](size_t) { return random() % 2 == 0 ? 1.0f : -1.0f; });
  add("walsh", 128, 128,
      [](size_t i) { return std::popcount((i / 128) & (i % 128)) % 2 == 0 ? 0.5f : -0.5f; });
  add("small integers", 256, 8, [&](size_t) { return static_cast<float>(random() % 5) - 2; });
  add("ramp", 384, 2, [](size_t i) { return static_cast<float>(i % 384); });
  for (const float scale : {1e-45f, 1e-41f, 1e-38f, 1e-30f, 1e-20f, 1e-12f, 1e-10f, 1e-9f, 1e-8f,
                            1e-7f, 1e-5f, 100.0f, 1000.0f, 4000.0f}) {
    add("scale " + std::to_string(scale), 256, 4, [&](size_t) { return scale * normal(random); });
  }
  add("wide exponents", 256, 16,
      [&](size_t) { return std::ldexp(normal(random), static_cast<int>(random() % 60) - 50); });
  add("at the limit", 128, 1, [](size_t i) { return i == 0 ? 65519.0f : 0.0f; });
  return inputs;
}

inline bool SameStats(const codec::ErrorStats& a, const codec::ErrorStats& b) {
  return a.count == b.count && a.signal == b.signal && a.noise == b.noise && a.dot == b.dot &&
         a.decoded == b.decoded && a.max_abs_error == b.max_abs_error &&
         a.zero_blocks == b.zero_blocks && a.code_use == b.code_use &&
         a.coordinates == b.coordinates;
}

inline void ExpectSameCoding(const codec::CodecSpec& spec, const CodingInput& input) {
  SCOPED_TRACE(input.name);
  const auto reference = codec::MakeReferenceCodec(spec);
  const auto vector = kernels::CpuBackend().MakeCodec(spec);
  EXPECT_EQ(vector->spec(), reference->spec());
  const CodedMatrix want = Encode(*reference, input.weights, input.in);
  const CodedMatrix got = Encode(*vector, input.weights, input.in);
  EXPECT_TRUE(got.parts == want.parts);
  EXPECT_TRUE(SameStats(got.stats, want.stats));
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    const size_t bytes = input.weights.size() * BitsPerElement(dtype) / 8;
    std::vector<std::byte> want_back(bytes), got_back(bytes);
    reference->DecodeRowsTo(dtype, want.ConstParts(), input.in, want_back);
    vector->DecodeRowsTo(dtype, want.ConstParts(), input.in, got_back);
    EXPECT_TRUE(got_back == want_back) << DTypeName(dtype);
  }
}

}  // namespace hlwq::test
