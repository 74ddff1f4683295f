// Matrices of random codes, and the same with rows interleaved.
#pragma once

#include <utility>
#include <vector>

#include "kernels/tile_codes.h"
#include "kernels/tile_matmul.h"
#include "tests/kernels/random_coded_matrix.h"
#include "tests/kernels/random_trellis_matrix.h"

namespace hlwq::test {

// The tiles of a matrix.
struct TileData {
  std::vector<std::byte> codes, multipliers;

  template <class Matrix>
  void Set(const Matrix& w) {
    const size_t tiles = (w.shape.out + kernels::kTileRows - 1) / kernels::kTileRows;
    const kernels::TileBytes bytes = kernels::TileBytesOf(w);
    codes.assign(tiles * bytes.codes, std::byte{0xEE});
    multipliers.assign(tiles * bytes.multipliers, std::byte{0xEE});
    for (size_t tile = 0; tile < tiles; ++tile) {
      kernels::TileRows(
          w, tile, std::span(codes).subspan(tile * bytes.codes, bytes.codes),
          std::span(multipliers).subspan(tile * bytes.multipliers, bytes.multipliers));
    }
  }
};

class TiledTrellis {
 public:
  TiledTrellis(MatrixShape shape, codec::TrellisTable table) : rows(shape, std::move(table)) {
    Interleave();
  }
  TiledTrellis(MatrixShape shape, int bits) : TiledTrellis(shape, TrellisTable(bits)) {}

  void FillCodes(std::byte fill) {
    rows.FillCodes(fill);
    Interleave();
  }

  const kernels::TiledTrellisMatrix& w() const { return w_; }

  RandomTrellisMatrix rows;  // the same matrix, row after row

 private:
  void Interleave() {
    const TrellisMatrix& from = rows.w();
    tiles_.Set(from);
    w_ = {from.shape, from.levels, tiles_.codes, tiles_.multipliers, from.row_scales};
  }

  kernels::TiledTrellisMatrix w_;
  TileData tiles_;
};

class TiledCoded {
 public:
  TiledCoded(MatrixShape shape, int bits, codec::BitOrder order = codec::BitOrder::kMsb)
      : rows(shape, LloydMax(bits), order, DType::kF16) {
    const CodedMatrix& from = rows.w();
    tiles_.Set(from);
    w_ = {from.shape, from.levels, tiles_.codes, tiles_.multipliers};
  }

  const kernels::TiledCodedMatrix& w() const { return w_; }

  RandomMatrix rows;

 private:
  kernels::TiledCodedMatrix w_;
  TileData tiles_;
};

}  // namespace hlwq::test
