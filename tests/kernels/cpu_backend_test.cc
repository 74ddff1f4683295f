// Every target against the scalar reference: the same bytes.
#include "kernels/cpu_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "codec/bitpack.h"
#include "codec/float_rows.h"
#include "tests/codec/coded_matrix.h"
#include "tests/kernels/each_target.h"

namespace hlwq::kernels {
namespace {

using codec::CodecSpec;
using codec::ErrorStats;
using test::CodedMatrix;

struct Input {
  std::string name;
  size_t in = 0;
  std::vector<float> weights;
};

// Random, structured, tiny and huge matrices, widths with and without padding.
std::vector<Input> Inputs() {
  std::vector<Input> inputs;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  const auto add = [&](std::string name, size_t in, size_t rows, auto weight) {
    Input input{std::move(name), in, std::vector<float>(in * rows)};
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

bool SameStats(const ErrorStats& a, const ErrorStats& b) {
  return a.count == b.count && a.signal == b.signal && a.noise == b.noise && a.dot == b.dot &&
         a.decoded == b.decoded && a.max_abs_error == b.max_abs_error &&
         a.zero_blocks == b.zero_blocks && a.code_use == b.code_use &&
         a.coordinates == b.coordinates;
}

void ExpectSameCoding(const CodecSpec& spec, const Input& input) {
  SCOPED_TRACE(input.name);
  const auto reference = codec::MakeReferenceCodec(spec);
  const auto vector = CpuBackend().MakeCodec(spec);
  EXPECT_EQ(vector->spec(), reference->spec());
  const CodedMatrix want = test::Encode(*reference, input.weights, input.in);
  const CodedMatrix got = test::Encode(*vector, input.weights, input.in);
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

class EveryWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, EveryWidth, testing::Range(1, 9));

TEST_P(EveryWidth, BytesEqualTheReferenceOnEveryTarget) {
  const std::vector<Input> inputs = Inputs();
  test::ForEachTarget([&](const char*) {
    for (const char* rule : {"search", "norm"}) {
      for (const char* table : {"lloyd-max", "polarquant-v1", "polarquant-v1-inf"}) {
        CodecSpec spec;
        spec.bits = GetParam();
        spec.scale_rule = rule;
        spec.table = table;
        for (const Input& input : inputs) ExpectSameCoding(spec, input);
      }
    }
  });
}

TEST_P(EveryWidth, AnyLevelsEncodeAsTheReference) {
  // Not symmetric, unevenly spaced; at 3 bits and more some are equal: no cells, scalar code.
  CodecSpec spec;
  spec.bits = GetParam();
  spec.table = "custom";
  std::mt19937 random(5);
  for (int i = 0; i < 1 << spec.bits; ++i) {
    const auto step = static_cast<float>(random() % 100) / static_cast<float>(5 << spec.bits);
    spec.levels.push_back(spec.levels.empty() ? -2.5f : spec.levels.back() + step);
  }
  const std::vector<Input> inputs = Inputs();
  test::ForEachTarget([&](const char*) {
    for (const Input& input : inputs) ExpectSameCoding(spec, input);
  });
}

TEST_P(EveryWidth, AnyAntisymmetricLevelsEncodeAsTheReference) {
  // Of the scale search's grids the first takes the bytes up to 5 bits, the others need the words.
  for (const float bend : {0.0f, 1.2f, 3.0f}) {
    CodecSpec spec;
    spec.bits = GetParam();
    spec.table = "custom";
    const int half = 1 << (spec.bits - 1);
    for (int k = -half; k < half; ++k) {
      const float at = (static_cast<float>(k) + 0.5f) / static_cast<float>(half);
      spec.levels.push_back(std::copysign(3 * std::pow(std::abs(at), 1 + bend), at));
    }
    const std::vector<Input> inputs = Inputs();
    test::ForEachTarget([&](const char*) {
      for (const Input& input : inputs) ExpectSameCoding(spec, input);
    });
  }
}

TEST_P(EveryWidth, AnyBytesDecodeAsTheReferenceInEveryBitOrder) {
  std::mt19937 random(9);
  for (const auto order : {codec::BitOrder::kMsb, codec::BitOrder::kLsb,
                           codec::BitOrder::kHalfNibble, codec::BitOrder::kPlain}) {
    if (!codec::BitOrderHolds(order, GetParam())) continue;
    CodecSpec spec;
    spec.bits = GetParam();
    spec.bit_order = codec::BitOrderName(order);
    const auto reference = codec::MakeReferenceCodec(spec);
    const auto vector = CpuBackend().MakeCodec(spec);
    for (const size_t in : {40u, 128u, 700u}) {
      CodedMatrix coded(*reference, 3, in);
      for (std::byte& byte : coded.parts[0]) byte = static_cast<std::byte>(random());
      for (std::byte& byte : coded.parts[1]) byte = static_cast<std::byte>(random() % 0x7B);
      std::vector<float> want(3 * in), got(3 * in);
      reference->DecodeRows(coded.ConstParts(), in, want);
      test::ForEachTarget([&](const char*) {
        vector->DecodeRows(coded.ConstParts(), in, got);
        EXPECT_EQ(got, want);
      });
    }
  }
}

TEST(CpuBackend, UnstorableBlocksAreNamedOnEveryTarget) {
  for (const size_t at : {size_t{0}, size_t{40 * 128 + 5}, size_t{50 * 128 - 1}}) {
    for (const float bad : {std::nanf(""), INFINITY, -INFINITY, 65540.0f, 3e38f}) {
      auto weights = test::GaussianMatrix(10, 640, 0.02f);
      weights[at] = bad;
      std::string want;
      const auto encode = [&](const codec::Codec& codec) -> std::string {
        CodedMatrix out(codec, 10, 640);
        try {
          codec.EncodeRows(weights, 640, 7, out.Rows(0, 10), out.stats);
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::kNonFinite);
          return error.what();
        }
        return "";
      };
      want = encode(*codec::MakeReferenceCodec(CodecSpec{}));
      EXPECT_THAT(want, testing::HasSubstr("row " + std::to_string(7 + at / 640)));
      test::ForEachTarget(
          [&](const char*) { EXPECT_EQ(encode(*CpuBackend().MakeCodec(CodecSpec{})), want); });
    }
  }
}

}  // namespace
}  // namespace hlwq::kernels
