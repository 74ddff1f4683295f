// The forms in which a matrix of a checkpoint is stored and multiplied.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "base/function_ref.h"
#include "codec/trellis_table.h"
#include "kernels/coded_matmul.h"
#include "kernels/dense_matmul.h"
#include "kernels/rotated_inputs.h"
#include "kernels/tile_matmul.h"
#include "model/linear_input.h"
#include "tensor/shape.h"

namespace hlwq::model {

// Codes, and the levels as floats, for rows read as embeddings. All borrowed.
struct HlwqMatrix : kernels::CodedMatrix {
  const float* float_levels = nullptr;  // aligned to 64 bytes and padded to 256
};
struct TrellisMatrix : kernels::TrellisMatrix {
  const codec::TrellisTable* table = nullptr;
};

// Plain codes with rows interleaved, in memory (interleaver.h), beside the codes as they are stored.
struct TiledHlwqMatrix : kernels::TiledCodedMatrix {
  HlwqMatrix rows;
};

using StoredMatrix = std::variant<kernels::DenseMatrix, HlwqMatrix, TrellisMatrix, TiledHlwqMatrix>;

MatrixShape ShapeOf(const StoredMatrix& matrix) noexcept;
// What its products want inputs as.
InputForms FormsOf(const StoredMatrix& matrix) noexcept;
// Stored bytes of one row, without what fills up a tile.
size_t RowBytesOf(const StoredMatrix& matrix) noexcept;
// Rows that are best multiplied together: products of a few vectors begin at multiples of it.
size_t RowUnitOf(const StoredMatrix& matrix) noexcept;
uint64_t BytesOf(const StoredMatrix& matrix) noexcept;

// y[(token - tokens.begin) * stride + row] for the tokens of the input and the rows of the ranges,
// with the bits that each token gets alone. For a few tokens. Thread: safe for disjoint rows.
void MultiplyVectors(const StoredMatrix& matrix, const LinearInput& input,
                     kernels::TokenRange tokens, RowRange rows, size_t stride,
                     std::span<float> y) noexcept;
// The same for many tokens. With codes the order of additions is another, and the same for any number
// of tokens.
void MultiplyTiles(const StoredMatrix& matrix, const LinearInput& input, kernels::TokenRange tokens,
                   RowRange rows, size_t stride, std::span<float> y) noexcept;
// The weights of one row [in].
void ReadWeights(const StoredMatrix& matrix, size_t row, std::span<float> weights) noexcept;

// Some of its rows, as a matrix of their own, stored as in the file.
StoredMatrix RowsOf(const StoredMatrix& matrix, RowRange rows) noexcept;
// The stretches of bytes that it lies in, and the matrix with each of them at another place: the
// spans that `move` returns have the sizes of those it is given.
using ConstBytes = std::span<const std::byte>;
void ForEachPart(const StoredMatrix& matrix, FunctionRef<void(ConstBytes part)> visit);
StoredMatrix Moved(const StoredMatrix& matrix, FunctionRef<ConstBytes(ConstBytes part)> move);

}  // namespace hlwq::model
