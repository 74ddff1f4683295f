// Tensors that are made from others when they are read.
#include "checkpoint/row_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "checkpoint/open_synthetic.h"
#include "checkpoint/views/block_rotation.h"
#include "codec/backend.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {
namespace {

// A tensor of random values that is stored nowhere.
TensorEntry RandomTensor(Shape shape) {
  return {"w", DType::kBF16, std::move(shape), SyntheticStorage{.seed = 7, .deviation = 1}};
}

TensorEntry Derived(const TensorEntry& origin, Shape shape, uint64_t first_row,
                    std::shared_ptr<const RowChange> change = nullptr) {
  return {"derived", DType::kF32, std::move(shape),
          DerivedStorage{std::make_shared<TensorEntry>(origin), first_row, std::move(change)}};
}

std::vector<float> Read(const TensorEntry& entry, RowRange rows) {
  const Checkpoint none;
  const RowReader reader(none, entry, codec::ReferenceBackend());
  std::vector<float> weights(rows.size() * reader.matrix().in);
  reader.ReadRows(rows, weights);
  return weights;
}

std::vector<float> ReadAll(const TensorEntry& entry) {
  return Read(entry, {0, entry.AsMatrix().out});
}

std::shared_ptr<const RowChange> Rotation(RotationSides sides) {
  return std::make_shared<BlockRotation>(std::move(sides));
}

double Energy(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return sum;
}

TEST(DerivedTensor, WithoutAChangeIsTheRowsOfItsOrigin) {
  const TensorEntry fused = RandomTensor({3, 10, 16});
  EXPECT_EQ(ReadAll(Derived(fused, {5, 16}, 15)), Read(fused, {15, 20}));
}

TEST(DerivedTensor, ReadsTheSameRowsInPiecesOfAnySize) {
  const TensorEntry rotated =
      Derived(RandomTensor({24, 16}), {16, 16}, 8, Rotation({.column_block = 16, .row_block = 8}));
  const std::vector<float> all = ReadAll(rotated);
  for (uint64_t begin = 0; begin < 16; ++begin) {
    for (uint64_t end = begin + 1; end <= 16; ++end) {
      const std::vector<float> want(all.begin() + static_cast<ptrdiff_t>(begin * 16),
                                    all.begin() + static_cast<ptrdiff_t>(end * 16));
      EXPECT_EQ(Read(rotated, {begin, end}), want) << begin << ".." << end;
    }
  }
}

TEST(DerivedTensor, OfADerivedOneComposes) {
  const TensorEntry once =
      Derived(RandomTensor({16, 64}), {16, 64}, 0, Rotation({.column_block = 64, .row_block = 16}));
  const TensorEntry twice =
      Derived(once, {16, 64}, 0, Rotation({.column_block = 64, .row_block = 16}));
  const std::vector<float> want = ReadAll(RandomTensor({16, 64})), got = ReadAll(twice);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-5f);
}

// Codes whose rows are stored sixteen together.
class TiledTensor : public testing::Test {
 protected:
  static constexpr uint64_t kRows = 18;

  TiledTensor()
      : checkpoint_(OpenCheckpoint(test::Golden("good/polar/own-trellis-two-tiles"))),
        all_(ReadFrom(checkpoint_.tensors.at(0), {0, kRows})) {}

  std::vector<float> ReadFrom(const TensorEntry& entry, RowRange rows) const {
    const RowReader reader(checkpoint_, entry, codec::ReferenceBackend());
    std::vector<float> weights(rows.size() * reader.matrix().in);
    reader.ReadRows(rows, weights);
    return weights;
  }
  std::vector<float> Rows(RowRange rows) const {
    const size_t in = all_.size() / kRows;
    return {all_.begin() + static_cast<ptrdiff_t>(rows.begin * in),
            all_.begin() + static_cast<ptrdiff_t>(rows.end * in)};
  }

  Checkpoint checkpoint_;
  std::vector<float> all_;
};

TEST_F(TiledTensor, AnyRowsAreThoseOfTheWhole) {
  const TensorEntry& entry = checkpoint_.tensors.at(0);
  const RowReader reader(checkpoint_, entry, codec::ReferenceBackend());
  EXPECT_EQ(reader.row_block(), 16u);
  for (uint64_t begin = 0; begin < kRows; ++begin) {
    for (uint64_t end = begin + 1; end <= kRows; ++end) {
      EXPECT_EQ(ReadFrom(entry, {begin, end}), Rows({begin, end})) << begin << ".." << end;
      std::vector<std::byte> stored;
      reader.ReadStored({begin, end}, stored);
      std::vector<float> exact((end - begin) * reader.matrix().in);
      reader.DecodeTo(DType::kF32, {begin, end}, stored, std::as_writable_bytes(std::span(exact)));
      EXPECT_EQ(exact, Rows({begin, end}));
    }
  }
}

TEST_F(TiledTensor, PiecesOfWholeTilesReadNothingTwice) {
  const RowReader reader(checkpoint_, checkpoint_.tensors.at(0), codec::ReferenceBackend());
  EXPECT_EQ(reader.StoredBytes({0, 16}) + reader.StoredBytes({16, 18}),
            reader.StoredBytes({0, 18}));
}

TEST_F(TiledTensor, SomeOfItsRowsAreATensorOfTheirOwn) {
  const TensorEntry part = Derived(checkpoint_.tensors.at(0), {9, all_.size() / kRows}, 8);
  for (uint64_t row = 0; row < 9; ++row) {
    EXPECT_EQ(ReadFrom(part, {row, 9}), Rows({8 + row, 17})) << row;
  }
}

TEST(BlockRotation, KeepsTheEnergyOfEveryBlockAtEitherSide) {
  const TensorEntry origin = RandomTensor({32, 96});
  const std::vector<float> before = ReadAll(origin);
  const std::vector<float> after =
      ReadAll(Derived(origin, {32, 96}, 0, Rotation({.column_block = 32, .row_block = 32})));
  EXPECT_NE(before, after);
  for (size_t column = 0; column < 96; column += 32) {
    double want = 0, got = 0;
    for (size_t row = 0; row < 32; ++row) {
      want += Energy(std::span(before).subspan(row * 96 + column, 32));
      got += Energy(std::span(after).subspan(row * 96 + column, 32));
    }
    EXPECT_NEAR(got, want, 1e-4 * want);
  }
}

TEST(BlockRotation, OfColumnsRotatesAndOfRowsMixesByTheSameMatrix) {
  // The identity, rotated at one side, shows the matrix itself.
  const uint64_t n = 8;
  std::vector<float> columns(n * n), rows(n * n);
  for (size_t i = 0; i < n; ++i) columns[i * n + i] = rows[i * n + i] = 1;
  BlockRotation({.column_block = n}).Apply({0, n}, columns);
  BlockRotation({.row_block = n}).Apply({0, n}, rows);
  EXPECT_EQ(columns, rows);
  for (size_t row = 0; row < n; ++row) {
    for (size_t column = 0; column < n; ++column) {
      const float sign = __builtin_popcountll(row & column) % 2 == 0 ? 1.0f : -1.0f;
      EXPECT_FLOAT_EQ(columns[row * n + column], sign / std::sqrt(8.0f));
    }
  }
}

TEST(BlockRotation, MultipliesColumnsFirst) {
  const auto factors = std::make_shared<const std::vector<float>>(std::vector<float>{2, 0, 0, 1});
  std::vector<float> weights = {1, 5, 7, 0};
  BlockRotation({.column_block = 4, .column_factors = factors}).Apply({0, 1}, weights);
  EXPECT_EQ(weights, (std::vector<float>{1, 1, 1, 1}));
}

TEST(RotationBlock, IsTheLargestPowerOfTwoUpTo128ThatDivides) {
  EXPECT_EQ(RotationBlock(4096), 128u);
  EXPECT_EQ(RotationBlock(576), 64u);
  EXPECT_EQ(RotationBlock(96), 32u);
  EXPECT_EQ(RotationBlock(7), 1u);
}

}  // namespace
}  // namespace hlwq::checkpoint
