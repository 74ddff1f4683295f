#include "codec/trellis_tile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "codec/trellis_block.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::codec {
namespace {

using test::CodedMatrix;
using test::Encode;
using test::GaussianMatrix;

constexpr size_t kInputs = 200;
constexpr size_t kBlocksOfRow = 2;

class TrellisTiles : public testing::TestWithParam<int> {
 protected:
  static CodecSpec Spec() {
    CodecSpec spec = DefaultSpec(kTrellisCodec);
    spec.bits = GetParam();
    return spec;
  }
  // The levels of a row, as they are stored.
  static std::vector<uint8_t> LevelsOf(const CodedMatrix& coded, size_t row) {
    const size_t tile_bytes = kBlocksOfRow * TrellisTileBytes(GetParam());
    std::vector<std::byte> blocks(tile_bytes / kTileRows);
    TakeTileRow(std::span(coded.parts[0]).subspan(row / kTileRows * tile_bytes, tile_bytes),
                row % kTileRows, blocks);
    std::vector<uint8_t> levels(kBlocksOfRow * kBlockSize);
    for (size_t block = 0; block < kBlocksOfRow; ++block) {
      UnpackTrellisBlock(std::span(blocks).subspan(block * TrellisBlockBytes(GetParam()),
                                                   TrellisBlockBytes(GetParam())),
                         GetParam(),
                         std::span<uint8_t, kBlockSize>(&levels[block * kBlockSize], kBlockSize));
    }
    return levels;
  }
};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisTiles, testing::Range(2, 7));

TEST_P(TrellisTiles, WordsFollowTheFormatsCheckValues) {
  struct Check {
    std::array<uint8_t, 8> indices;
    std::vector<uint8_t> bytes;  // of vectors 1, 2, ..
  };
  const std::array<Check, 5> checks = {
      {{{0, 1, 1, 0, 1, 0, 0, 1}, {0x96}},
       {{0, 1, 2, 3, 0, 1, 2, 3}, {0x44, 0xEE}},
       {{0, 1, 2, 3, 4, 5, 6, 7}, {0x44, 0xEE, 0xF0}},
       {{0, 1, 2, 3, 4, 5, 6, 7}, {0x40, 0x51, 0x62, 0x73}},
       {{12, 13, 14, 15, 16, 17, 18, 19}, {0x0C, 0x1D, 0x2E, 0x3F, 0xF0}}}};
  const Check& check = checks[static_cast<size_t>(GetParam() - kMinTrellisBits)];
  for (size_t cell = 0; cell < kCellsPerBlock; ++cell) {
    for (size_t q = 0; q < kTileWordBytes; ++q) {
      const size_t first = cell * kCellInputs + q * kPlaneSteps;
      std::array<uint64_t, kGroupsPerBlock> paths = {};
      paths[first / kGroupSize] = uint64_t{0x4D} << first % kGroupSize;
      std::array<uint8_t, kBlockSize> levels = {};
      for (size_t step = 0; step < kPlaneSteps; ++step) {
        levels[first + step] = static_cast<uint8_t>(kTrellisSubsets * check.indices[step]);
      }
      std::vector<std::byte> block(TrellisBlockBytes(GetParam()));
      PackTrellisBlock(paths, levels, GetParam(), block);
      std::vector<std::byte> tile(TrellisTileBytes(GetParam()));
      PutTileRow(block, 5, tile);
      std::vector<std::byte> want(tile.size());
      const size_t place = cell * kTileRows * TrellisCellBytes(GetParam()) + 4 * 5 + q;
      want[place] = std::byte{0x4D};
      for (size_t i = 0; i < check.bytes.size(); ++i) {
        want[place + (i + 1) * kTileVectorBytes] = std::byte{check.bytes[i]};
      }
      EXPECT_EQ(tile, want) << "cell " << cell << ", byte " << q;
    }
  }
}

TEST_P(TrellisTiles, AreTheTransposeOfTheirRows) {
  std::mt19937 random(1);
  const size_t bytes = 3 * TrellisBlockBytes(GetParam());
  std::vector<std::byte> tile(kTileRows * bytes), blocks(bytes), again(tile.size());
  for (std::byte& byte : tile) byte = static_cast<std::byte>(random());
  for (size_t row = 0; row < kTileRows; ++row) {
    TakeTileRow(tile, row, blocks);
    for (size_t at = 0; at < bytes; ++at) {
      EXPECT_EQ(blocks[at], tile[at / 4 * 64 + 4 * row + at % 4]);
    }
    PutTileRow(blocks, row, again);
  }
  EXPECT_EQ(again, tile);
}

TEST_P(TrellisTiles, EveryBitOfABlockIsOneOfItsPathsOrIndices) {
  std::mt19937_64 random(3);
  std::vector<std::byte> block(TrellisBlockBytes(GetParam())), again(block.size());
  for (int time = 0; time < 20; ++time) {
    for (std::byte& byte : block) byte = static_cast<std::byte>(random());
    std::array<uint64_t, kGroupsPerBlock> paths = {};
    for (size_t i = 0; i < kBlockSize; ++i) {
      const size_t cell = i / kCellInputs, t = i % kCellInputs;
      const auto byte =
          std::to_integer<uint64_t>(block[cell * TrellisCellBytes(GetParam()) + t / 8]);
      paths[i / kGroupSize] |= (byte >> t % 8 & 1) << i % kGroupSize;
    }
    std::array<uint8_t, kBlockSize> levels;
    UnpackTrellisBlock(block, GetParam(), levels);
    PackTrellisBlock(paths, levels, GetParam(), again);
    EXPECT_EQ(again, block);
  }
}

TEST_P(TrellisTiles, AnyNumberOfRowsComesBackAndTheRestOfATileIsZeroGroups) {
  const auto codec = MakeReferenceCodec(Spec());
  const auto weights = GaussianMatrix(33, kInputs, 0.03f);
  std::vector<float> all(weights.size());
  codec->DecodeRows(Encode(*codec, weights, kInputs).ConstParts(), kInputs, all);
  for (size_t rows = 1; rows <= 33; ++rows) {
    const std::span<const float> some = std::span(weights).first(rows * kInputs);
    const CodedMatrix coded = Encode(*codec, some, kInputs);
    std::vector<float> back(some.size());
    codec->DecodeRows(coded.ConstParts(), kInputs, back);
    EXPECT_TRUE(std::equal(back.begin(), back.end(), all.begin())) << rows;
    const size_t tiles = (rows + 15) / 16;
    ASSERT_EQ(coded.parts[0].size(), tiles * kBlocksOfRow * TrellisTileBytes(GetParam()));
    ASSERT_EQ(coded.parts[1].size(), tiles * 2 * kBlocksOfRow * kTileRows);
    for (size_t row = rows; row < tiles * kTileRows; ++row) {
      for (size_t group = 0; group < 2 * kBlocksOfRow; ++group) {
        const size_t at = (row / 16 * 2 * kBlocksOfRow + group) * 16 + row % 16;
        EXPECT_EQ(coded.parts[1][at], std::byte{kZeroGroup});
      }
      // Index 2^(R-2) of the subset that path bits of zero choose.
      for (const uint8_t level : LevelsOf(coded, row)) EXPECT_EQ(level, 1 << GetParam());
    }
  }
}

TEST_P(TrellisTiles, TheFirstRowsOfATileDecodeAlone) {
  const auto codec = MakeReferenceCodec(Spec());
  const CodedMatrix coded = Encode(*codec, GaussianMatrix(40, kInputs, 0.03f), kInputs);
  std::vector<float> all(40 * kInputs);
  codec->DecodeRows(coded.ConstParts(), kInputs, all);
  for (const size_t first : {size_t{0}, size_t{16}, size_t{32}}) {
    for (size_t rows = 1; first + rows <= 40; ++rows) {
      std::vector<std::span<const std::byte>> parts;
      for (size_t part = 0; part < coded.parts.size(); ++part) {
        const RowUnits& units = coded.units[part];
        parts.push_back(std::span(coded.parts[part])
                            .subspan(units.OffsetOf(first), units.BytesOf({first, first + rows})));
      }
      std::vector<float> back(rows * kInputs);
      codec->DecodeRows(parts, kInputs, back);
      EXPECT_TRUE(std::equal(back.begin(), back.end(),
                             all.begin() + static_cast<ptrdiff_t>(first * kInputs)));
    }
  }
}

TEST_P(TrellisTiles, StatisticsCountNoPadding) {
  const auto codec = MakeReferenceCodec(Spec());
  const auto weights = GaussianMatrix(5, kInputs, 0.03f);
  const CodedMatrix together = Encode(*codec, weights, kInputs);
  ErrorStats apart;
  for (size_t row = 0; row < 5; ++row) {
    CodedMatrix one(*codec, 1, kInputs);
    codec->EncodeRows(std::span(weights).subspan(row * kInputs, kInputs), kInputs, row,
                      one.Rows(0, 1), apart);
  }
  EXPECT_EQ(together.stats.count, 5 * kInputs);
  EXPECT_EQ(together.stats.zero_blocks, 0u);
  EXPECT_EQ(together.stats.noise, apart.noise);
  EXPECT_EQ(together.stats.code_use, apart.code_use);
}

}  // namespace
}  // namespace hlwq::codec
