#include "checkpoint/polar/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

using codec::BitOrder;
using testing::AllOf;
using testing::HasSubstr;

template <typename Solve>
std::string MessageOf(Solve&& solve) {
  try {
    solve();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData) << error.what();
    return error.what();
  }
  return "no error";
}

MatrixEvidence Packed(uint64_t out, uint64_t n_blocks, int bits, uint64_t in) {
  const uint64_t codes = out * n_blocks * 128;
  MatrixEvidence evidence;
  evidence.code_bytes = codes * static_cast<uint64_t>(bits) / 8;
  evidence.norms_shape = {out, n_blocks};
  evidence.meta = {static_cast<int64_t>(out), static_cast<int64_t>(n_blocks), 128,
                   static_cast<int64_t>(codes), static_cast<int64_t>(in)};
  return evidence;
}

TEST(SolvePacked, EveryWidthFollowsFromTheSizesAlone) {
  for (const int bits : {1, 2, 3, 4, 5, 6, 7}) {
    for (const uint64_t in : {1u, 128u, 129u, 576u, 4096u}) {
      const uint64_t n_blocks = (in + 127) / 128;
      const MatrixLayout want{{3, in}, n_blocks, bits, BitOrder::kMsb};
      EXPECT_EQ(SolvePacked(Packed(3, n_blocks, bits, in)), want) << bits << " " << in;
    }
  }
}

TEST(SolvePacked, OneByteACodeNeedsARecordOfTheWidth) {
  MatrixEvidence evidence = Packed(3, 1, 8, 100);
  EXPECT_THAT(MessageOf([&] { SolvePacked(evidence); }),
              AllOf(HasSubstr("ambiguous"), HasSubstr("at 1 bits, one byte a code"),
                    HasSubstr("at 7 bits, one byte a code"), HasSubstr("at 8 bits")));
  for (const int bits : {1, 7, 8}) {
    evidence.bits = bits;
    const MatrixLayout want{{3, 100}, 1, bits, bits == 8 ? BitOrder::kMsb : BitOrder::kPlain};
    EXPECT_EQ(SolvePacked(evidence), want);
  }
  for (const int bits : {2, 6, 16}) {
    evidence.bits = bits;
    EXPECT_THAT(MessageOf([&] { SolvePacked(evidence); }), HasSubstr("nothing fits"));
  }
}

// With flat norms the same sizes can be one row of 128 blocks or 128 rows of one block.
TEST(SolvePacked, ARecordDecidesBetweenTwoReadingsThatBothFit) {
  MatrixEvidence evidence = Packed(1, 128, 1, 128 * 128);
  evidence.norms_shape = {128};
  evidence.meta.pop_back();
  EXPECT_THAT(MessageOf([&] { SolvePacked(evidence); }), HasSubstr("ambiguous"));
  evidence.out_features = 128;
  EXPECT_EQ(SolvePacked(evidence), (MatrixLayout{{128, 128}, 1, 1, BitOrder::kMsb}));
  evidence.out_features = 1;
  EXPECT_EQ(SolvePacked(evidence), (MatrixLayout{{1, 16384}, 128, 1, BitOrder::kMsb}));
  evidence.out_features.reset();
  evidence.in_features = 100;
  EXPECT_EQ(SolvePacked(evidence), (MatrixLayout{{128, 100}, 1, 1, BitOrder::kMsb}));
}

TEST(SolvePacked, TheNumberOfInputsIsTheRecordedOneElseWholeBlocks) {
  MatrixEvidence evidence = Packed(2, 2, 5, 200);
  evidence.meta.pop_back();
  EXPECT_EQ(SolvePacked(evidence).shape, (MatrixShape{2, 256}));
  evidence.in_features = 200;
  EXPECT_EQ(SolvePacked(evidence).shape, (MatrixShape{2, 200}));
  evidence.in_features = 128;  // would be one block
  EXPECT_THAT(MessageOf([&] { SolvePacked(evidence); }), HasSubstr("128 in polar_config.json"));
}

TEST(SolvePacked, HostileNumbersAreRefusedNotWrapped) {
  constexpr int64_t kExtremes[] = {INT64_MIN, -1, 0, 1, 8, 128, int64_t{1} << 40, INT64_MAX};
  for (const int64_t a : kExtremes) {
    for (const int64_t b : kExtremes) {
      for (const uint64_t axis : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 40, UINT64_MAX}) {
        MatrixEvidence evidence;
        evidence.code_bytes = UINT64_MAX;
        evidence.meta = {a, b, 128, INT64_MAX, b};
        for (const Shape& shape : {Shape{}, Shape{axis}, Shape{axis, axis}}) {
          evidence.norms_shape = shape;
          EXPECT_NE(MessageOf([&] { SolvePacked(evidence); }), "no error");
        }
      }
    }
  }
}

TEST(SolveCodes, ThePackingFollowsFromSizeAndWidth) {
  MatrixEvidence evidence;
  evidence.norms_shape = {4, 2};
  const auto solve = [&](int bits, uint64_t bytes) {
    evidence.bits = bits;
    evidence.code_bytes = bytes;
    return SolveCodes(evidence, LegacyPacking::kUnrecorded);
  };
  for (int bits = 1; bits <= 8; ++bits) EXPECT_EQ(solve(bits, 1024).bit_order, BitOrder::kPlain);
  for (int bits = 1; bits <= 4; ++bits)
    EXPECT_EQ(solve(bits, 512).bit_order, BitOrder::kHalfNibble);
  EXPECT_EQ(solve(5, 640), (MatrixLayout{{4, 256}, 2, 5, BitOrder::kLsb}));
  EXPECT_THROW(solve(5, 512), Error);
  EXPECT_THROW(solve(4, 640), Error);
  EXPECT_THROW(solve(6, 768), Error);
  EXPECT_THROW(solve(0, 1024), Error);
  EXPECT_THROW(solve(9, 1024), Error);
}

TEST(SolveCodes, ARecordedPackingMustBeTheStoredOne) {
  MatrixEvidence evidence;
  evidence.norms_shape = {4, 2};
  evidence.bits = 4;
  evidence.code_bytes = 512;
  EXPECT_EQ(SolveCodes(evidence, LegacyPacking::kHalfNibble).bits, 4);
  EXPECT_THAT(MessageOf([&] { SolveCodes(evidence, LegacyPacking::kPlain); }),
              HasSubstr("says one byte a code, 512 bytes hold nibbles"));
  EXPECT_THAT(MessageOf([&] { SolveCodes(evidence, LegacyPacking::kLsb5); }),
              HasSubstr("says 5-bit groups"));
}

}  // namespace
}  // namespace hlwq::checkpoint
