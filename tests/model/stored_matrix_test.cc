#include "model/stored_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/cpu_backend.h"
#include "tests/codec/coded_matrix.h"

namespace hlwq::model {
namespace {

// 37 rows: two tiles and a piece of one. The last block is whole, or half of one.
constexpr uint64_t kOut = 37;
constexpr uint64_t kWidths[] = {200, 190};

// A matrix in the trellis code, and its weights.
class Coded {
 public:
  Coded(int bits, uint64_t in) : shape_{kOut, in} {
    codec::CodecSpec spec = codec::DefaultSpec(codec::kTrellisCodec);
    spec.bits = bits;
    const auto codec = kernels::CpuBackend().MakeCodec(spec);
    coded_.emplace(
        test::Encode(*codec, test::GaussianMatrix(shape_.out, shape_.in, 0.05f), shape_.in));
    weights_.resize(shape_.out * shape_.in);
    codec->DecodeRows(coded_->ConstParts(), shape_.in, weights_);
    table_.emplace(codec->spec().levels, bits);
    levels_.emplace(kernels::DotLevels::OfTrellis(*table_));
  }

  StoredMatrix matrix() const {
    return TrellisMatrix{{.shape = shape_,
                          .levels = &*levels_,
                          .codes = coded_->parts[0],
                          .scales = coded_->parts[1],
                          .row_scales = coded_->parts[2]},
                         &*table_};
  }
  std::span<const float> row(size_t row) const {
    return std::span(weights_).subspan(row * shape_.in, shape_.in);
  }

 private:
  MatrixShape shape_;
  std::optional<test::CodedMatrix> coded_;
  std::vector<float> weights_;
  std::optional<codec::TrellisTable> table_;
  std::optional<kernels::DotLevels> levels_;
};

class TrellisRowsOf : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Bits, TrellisRowsOf, testing::Range(2, 7));

TEST_P(TrellisRowsOf, AnyRangeReadsAndMultipliesAsItsRows) {
  for (const uint64_t in : kWidths) {
    const Coded coded(GetParam(), in);
    const StoredMatrix whole = coded.matrix();
    LinearInput input(2, in);
    const auto x = test::GaussianMatrix(2, in, 1, 3);
    std::ranges::copy(x, input[kernels::TokenRange{0, 2}].data);
    input.Seal({0, 2}, FormsOf(whole));
    std::vector<float> want(2 * kOut), want_tiles(2 * kOut);
    MultiplyVectors(whole, input, {0, 2}, {0, kOut}, kOut, want);
    MultiplyTiles(whole, input, {0, 2}, {0, kOut}, kOut, want_tiles);
    for (size_t row = 0; row < kOut; ++row) {
      double product = 0;
      for (size_t i = 0; i < in; ++i) product += double{coded.row(row)[i]} * x[i];
      EXPECT_NEAR(want[row], product, 0.05);
    }
    const auto expect_rows = [&](const StoredMatrix& part, size_t first) {
      const size_t out = ShapeOf(part).out;
      std::vector<float> weights(in), y(2 * out);
      for (size_t row = 0; row < out; ++row) {
        ReadWeights(part, row, weights);
        EXPECT_TRUE(std::ranges::equal(weights, coded.row(first + row)));
      }
      MultiplyVectors(part, input, {0, 2}, {0, out}, out, y);
      for (size_t token = 0; token < 2; ++token) {
        for (size_t row = 0; row < out; ++row) {
          EXPECT_EQ(y[token * out + row], want[token * kOut + first + row]);
        }
      }
      MultiplyTiles(part, input, {0, 2}, {0, out}, out, y);
      for (size_t token = 0; token < 2; ++token) {
        for (size_t row = 0; row < out; ++row) {
          EXPECT_EQ(y[token * out + row], want_tiles[token * kOut + first + row]);
        }
      }
    };
    for (const RowRange rows : {RowRange{0, 37}, RowRange{0, 16}, RowRange{16, 37}, RowRange{3, 5},
                                RowRange{15, 17}, RowRange{20, 36}, RowRange{36, 37}}) {
      const StoredMatrix part = RowsOf(whole, rows);
      expect_rows(part, rows.begin);
      if (rows.size() > 1) expect_rows(RowsOf(part, {1, rows.size()}), rows.begin + 1);
    }
  }
}

}  // namespace
}  // namespace hlwq::model
