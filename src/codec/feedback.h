// Feedback of errors between the columns of a matrix (docs/calibration.md).
//
// Let H be the sum of x x^T over inputs x of the matrix, in the basis of its codes. It is
// (I + U) D (I + U)^T with U strictly upper triangular and D diagonal. The errors e = w - w' of a row then
// change its outputs by e H e^T = sum_k D_k (e_k + sum_{j<k} e_j U_jk)^2 in all. So column k is best coded as
// if its weight were its target, w_k + sum_{j<k} e_j U_jk: what earlier columns did wrong, it makes good
// (LDLQ: QuIP, arXiv:2307.13304; in other words GPTQ, arXiv:2210.17323).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/hadamard.h"

namespace hlwq::codec {

// U and D of one block of columns, row-major with kBlockSize columns whatever its width.
struct FeedbackBlock {
  size_t width = 0;               // columns: kBlockSize, but for the last block
  std::span<const float> within;  // [width, kBlockSize]: U_jk of columns j < k of the block, else 0
  std::span<const float> costs;   // [width]: D, above zero
};

// Immutable. Thread: safe.
class Feedback {
 public:
  virtual ~Feedback() = default;

  // Columns of the basis: Codec::FeedbackColumns of the matrix.
  virtual size_t columns() const noexcept = 0;
  // [columns()]: which columns of the basis those are that everything below counts, for codecs that take
  // another order (Codec::takes_any_order). Empty: as they are.
  virtual std::span<const uint32_t> order() const noexcept { return {}; }
  // Columns kBlockSize * block and on.
  virtual FeedbackBlock Block(size_t block) const noexcept = 0;
  // targets [rows, kBlockSize] of the columns of `block` += what the errors [rows, columns()] of all
  // columns before it say: sum of errors_j U_jk.
  virtual void AddTo(size_t block, std::span<const float> errors, size_t rows,
                     std::span<float> targets) const noexcept = 0;
};

// Goes through the blocks of columns of `rows` rows: code(block, targets) is given the targets
// [rows, kBlockSize], and fills the columns of the block of `errors` with coordinates - coded values.
// `coordinates` and `errors` are [rows, feedback.columns()].
template <typename CodeBlock>
void CodeWithFeedback(const Feedback& feedback, size_t rows, std::span<const float> coordinates,
                      std::span<float> errors, CodeBlock code) {
  const size_t columns = feedback.columns();
  std::vector<float> targets(rows * kBlockSize);
  for (size_t begin = 0; begin < columns; begin += kBlockSize) {
    const size_t block = begin / kBlockSize;
    const size_t width = feedback.Block(block).width;
    for (size_t row = 0; row < rows; ++row) {
      const auto from = coordinates.subspan(row * columns + begin, width);
      std::copy(from.begin(), from.end(),
                targets.begin() + static_cast<ptrdiff_t>(row * kBlockSize));
    }
    if (block > 0) feedback.AddTo(block, errors, rows, targets);
    code(block, std::span<const float>(targets));
  }
}

// Rows that are coded with feedback together: enough to make products of matrices worth it.
inline constexpr size_t kFeedbackRows = 96;

}  // namespace hlwq::codec
