// Matrices of random plain codes, and the same with rows interleaved.
#pragma once

#include <vector>

#include "kernels/tile_codes.h"
#include "kernels/tile_matmul.h"
#include "tests/kernels/random_coded_matrix.h"

namespace hlwq::test {

class TiledCoded {
 public:
  TiledCoded(MatrixShape shape, int bits, codec::BitOrder order = codec::BitOrder::kMsb)
      : rows(shape, LloydMax(bits), order, DType::kF16) {
    const CodedMatrix& from = rows.w();
    w_ = {shape, from.levels, {}, {}};
    const kernels::TileBytes bytes = kernels::TileBytesOf(from);
    codes_.assign(w_.tiles() * bytes.codes, std::byte{0xEE});
    norms_.assign(w_.tiles() * bytes.norms, std::byte{0xEE});
    for (size_t tile = 0; tile < w_.tiles(); ++tile) {
      kernels::TileRows(from, tile, std::span(codes_).subspan(tile * bytes.codes, bytes.codes),
                        std::span(norms_).subspan(tile * bytes.norms, bytes.norms));
    }
    w_.codes = codes_;
    w_.norms = norms_;
  }

  const kernels::TiledCodedMatrix& w() const { return w_; }

  RandomMatrix rows;

 private:
  std::vector<std::byte> codes_, norms_;
  kernels::TiledCodedMatrix w_;
};

inline Product IntegerProduct(const TiledCoded& matrix, const RotatedInputs& inputs, size_t token,
                              size_t row) {
  return IntegerProduct(matrix.rows, inputs, token, row);
}

}  // namespace hlwq::test
