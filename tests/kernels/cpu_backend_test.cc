// Every target against the scalar reference: the same bytes.
#include "kernels/cpu_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "codec/bitpack.h"
#include "codec/float_rows.h"
#include "tests/codec/coded_matrix.h"
#include "tests/kernels/each_target.h"
#include "tests/kernels/same_coding.h"
#include "tests/support/guarded_bytes.h"

namespace hlwq::kernels {
namespace {

using codec::CodecSpec;
using codec::ErrorStats;
using test::CodedMatrix;
using test::CodingInputs;
using test::ExpectSameCoding;

class EveryWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, EveryWidth, testing::Range(1, 9));

TEST_P(EveryWidth, BytesEqualTheReferenceOnEveryTarget) {
  const auto inputs = CodingInputs();
  test::ForEachTarget([&](const char*) {
    for (const char* rule : {"search", "norm"}) {
      for (const char* table : {"lloyd-max", "polarquant-v1", "polarquant-v1-inf"}) {
        CodecSpec spec;
        spec.bits = GetParam();
        spec = test::InWords(spec, {{"scale_rule", rule}, {"table", table}});
        for (const auto& input : inputs) ExpectSameCoding(spec, input);
      }
    }
  });
}

TEST_P(EveryWidth, AnyLevelsEncodeAsTheReference) {
  // Not symmetric, unevenly spaced; at 3 bits and more some are equal: no cells, scalar code.
  CodecSpec spec = {codec::HlwqParameters{.table = "custom"}, GetParam(), {}};
  std::mt19937 random(5);
  for (int i = 0; i < 1 << spec.bits; ++i) {
    const auto step = static_cast<float>(random() % 100) / static_cast<float>(5 << spec.bits);
    spec.levels.push_back(spec.levels.empty() ? -2.5f : spec.levels.back() + step);
  }
  const auto inputs = CodingInputs();
  test::ForEachTarget([&](const char*) {
    for (const auto& input : inputs) ExpectSameCoding(spec, input);
  });
}

TEST_P(EveryWidth, AnyAntisymmetricLevelsEncodeAsTheReference) {
  // Of the scale search's grids the first takes the bytes up to 5 bits, the others need the words.
  for (const float bend : {0.0f, 1.2f, 3.0f}) {
    CodecSpec spec = {codec::HlwqParameters{.table = "custom"}, GetParam(), {}};
    const int half = 1 << (spec.bits - 1);
    for (int k = -half; k < half; ++k) {
      const float at = (static_cast<float>(k) + 0.5f) / static_cast<float>(half);
      spec.levels.push_back(std::copysign(3 * std::pow(std::abs(at), 1 + bend), at));
    }
    const auto inputs = CodingInputs();
    test::ForEachTarget([&](const char*) {
      for (const auto& input : inputs) ExpectSameCoding(spec, input);
    });
  }
}

TEST_P(EveryWidth, AnyBytesDecodeAsTheReferenceInEveryBitOrder) {
  std::mt19937 random(9);
  for (const auto order : {codec::BitOrder::kMsb, codec::BitOrder::kLsb,
                           codec::BitOrder::kHalfNibble, codec::BitOrder::kPlain}) {
    if (!codec::BitOrderHolds(order, GetParam())) continue;
    const CodecSpec spec = {codec::HlwqParameters{.bit_order = order}, GetParam(), {}};
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

class TrellisWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisWidth, testing::Range(2, 7));

TEST_P(TrellisWidth, BytesEqualTheReferenceOnEveryTarget) {
  const auto inputs = CodingInputs();
  test::ForEachTarget([&](const char*) {
    for (const char* effort : {"fast", "default"}) {
      const CodecSpec spec = {codec::TrellisParameters{.effort = effort}, GetParam(), {}};
      for (const auto& input : inputs) ExpectSameCoding(spec, input);
    }
  });
}

TEST_P(TrellisWidth, AnyLevelsEncodeAsTheReference) {
  // Even ones, crowded ones and ones too far apart for cells.
  for (const float bend : {0.0f, 0.7f, 4.0f}) {
    CodecSpec spec = {codec::TrellisParameters{.table = "custom"}, GetParam(), {}};
    const int half = 1 << spec.bits;
    for (int k = -half; k < half; ++k) {
      const float at = std::abs(static_cast<float>(k) + 0.5f) / static_cast<float>(half);
      const float rank = std::abs(static_cast<float>(k) + 0.5f) + 0.5f;
      const float most = static_cast<float>((spec.bits == 6 ? 4095 : 127) - half);
      spec.levels.push_back(std::copysign(rank + std::round(most * std::pow(at, 1 + bend)),
                                          static_cast<float>(k) + 0.5f));
    }
    const auto inputs = CodingInputs();
    test::ForEachTarget([&](const char*) {
      for (const auto& input : inputs) ExpectSameCoding(spec, input);
    });
  }
}

TEST_P(TrellisWidth, AnyBytesDecodeAsTheReference) {
  std::mt19937 random(9);
  CodecSpec spec = codec::DefaultSpec(codec::kTrellisCodec);
  spec.bits = GetParam();
  const auto reference = codec::MakeReferenceCodec(spec);
  const auto vector = CpuBackend().MakeCodec(spec);
  for (const size_t in : {40u, 128u, 700u}) {
    CodedMatrix coded(*reference, 3, in);
    for (auto& part : coded.parts) {
      for (std::byte& byte : part) byte = static_cast<std::byte>(random());
    }
    for (size_t row = 0; row < 3; ++row) coded.parts[2][2 * row + 1] = std::byte{0x3C};  // finite
    std::vector<float> want(3 * in), got(3 * in);
    reference->DecodeRows(coded.ConstParts(), in, want);
    test::ForEachTarget([&](const char*) {
      vector->DecodeRows(coded.ConstParts(), in, got);
      EXPECT_EQ(got, want);
    });
  }
}

class EveryIntWidth : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, EveryIntWidth, testing::Range(2, 9));

TEST_P(EveryIntWidth, BytesEqualTheReferenceOnEveryTarget) {
  // Groups of whole vectors, of a few weights more, of rows of any width; the last is a long one.
  const auto inputs = CodingInputs();
  test::ForEachTarget([&](const char*) {
    for (const auto rule : {codec::IntScaleRule::kMse, codec::IntScaleRule::kAbsmax}) {
      for (const DType scale_dtype : {DType::kBF16, DType::kF16, DType::kF32}) {
        for (const uint32_t group : {128u, 32u, 20u, 0u}) {
          const CodecSpec spec = {
              codec::PackQuantizedParameters{
                  .scale_rule = rule, .scale_group = group, .scale_dtype = scale_dtype},
              GetParam(),
              {}};
          for (const auto& input : inputs) {
            if (group == 0 || input.in % group == 0) ExpectSameCoding(spec, input);
          }
        }
      }
    }
  });
}

TEST(CpuBackend, NothingOutsideTheBuffersIsTouchedOnAnyTarget) {
  for (const CodecSpec& spec : test::EverySpec()) {
    SCOPED_TRACE(test::SpecName(spec));
    const auto codec = CpuBackend().MakeCodec(spec);
    for (const uint64_t width : {100u, 256u, 2240u}) {
      const uint64_t in = test::WidthFrom(width, spec);
      const auto weights = test::GaussianMatrix(3, in, 0.02f);
      const CodedMatrix want = test::Encode(*codec, weights, in);
      for (const bool at_end : {false, true}) {
        const test::GuardedBytes source(std::as_bytes(std::span(weights)), at_end);
        std::vector<std::unique_ptr<test::GuardedBytes>> parts;
        std::vector<std::span<std::byte>> rows;
        for (const auto& part : want.parts) {
          parts.push_back(std::make_unique<test::GuardedBytes>(part, at_end));
          rows.push_back(parts.back()->writable());
        }
        test::GuardedBytes back(source.span(), at_end);
        test::ForEachTarget([&](const char*) {
          ErrorStats stats;
          for (const auto& row : rows) std::fill(row.begin(), row.end(), std::byte{0xAA});
          codec->EncodeRowsFrom(DType::kF32, source.span(), in, 0, rows, stats);
          for (size_t i = 0; i < rows.size(); ++i) {
            EXPECT_TRUE(std::ranges::equal(rows[i], want.parts[i]));
          }
          const std::vector<std::span<const std::byte>> coded(rows.begin(), rows.end());
          codec->DecodeRowsTo(DType::kF32, coded, in, back.writable());
        });
      }
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
