#include "model/linear.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/hadamard.h"
#include "kernels/decode_blocks.h"
#include "kernels/float_rows.h"
#include "tensor/float16.h"

namespace hlwq::model {
namespace {

using kernels::CodedMatrix;
using kernels::DenseMatrix;

// Up to this many tokens are multiplied one by one: a piece of codes that one token has brought into
// the cache is read by the others there, which costs less than decoding it into tiles.
constexpr size_t kVectorTokens = 6;

constexpr uint16_t kHalfOne = 0x3C00;

// The dense row of a coded matrix. Blocks are decoded with a multiplier of 1 where theirs is not the
// fp16 that the decoder reads.
void ReadCodedRow(const CodedMatrix& w, const float* levels, size_t row, std::span<float> weights) {
  const size_t block_bytes = codec::PackedBlockBytes(w.order, w.levels->bits);
  const size_t norm_bytes = w.norm_dtype == DType::kF32 ? 4 : 2;
  std::array<float, codec::kBlockSize> block;
  for (size_t b = 0; b < w.blocks(); ++b) {
    const size_t index = row * w.blocks() + b;
    const std::span<const std::byte> norm = w.norms.subspan(index * norm_bytes, norm_bytes);
    float scale = 1;
    std::array<std::byte, 2> half;
    std::memcpy(half.data(), norm_bytes == 2 ? norm.data() : reinterpret_cast<const std::byte*>(&kHalfOne),
                half.size());
    if (norm_bytes == 4) std::memcpy(&scale, norm.data(), 4);
    const kernels::CodedBlocks one = {.order = w.order,
                                      .bits = w.levels->bits,
                                      .levels = levels,
                                      .packed = w.packed.subspan(index * block_bytes, block_bytes),
                                      .multipliers = half};
    kernels::DecodeBlocks(one, DType::kF32, std::as_writable_bytes(std::span(block)));
    const size_t begin = b * codec::kBlockSize;
    const size_t count = std::min(weights.size() - begin, codec::kBlockSize);
    for (size_t i = 0; i < count; ++i) weights[begin + i] = block[i] * scale;
  }
}

}  // namespace

Linear::Linear(Matrix matrix, Buffer<float> bias, const float* levels)
    : matrix_(matrix), bias_(std::move(bias)), levels_(levels) {
  shape_ = std::visit([](const auto& w) { return w.shape; }, matrix_);
}

InputForms Linear::forms() const noexcept {
  const auto* coded = std::get_if<CodedMatrix>(&matrix_);
  if (coded == nullptr) return {};
  const bool is_narrow = coded->levels->width == kernels::DotWidth::kNarrow;
  return {.narrow = is_narrow, .wide = !is_narrow};
}

size_t Linear::row_bytes() const noexcept {
  if (const auto* dense = std::get_if<DenseMatrix>(&matrix_)) {
    return shape_.in * BitsPerElement(dense->dtype) / 8;
  }
  const auto& coded = std::get<CodedMatrix>(matrix_);
  return coded.blocks() * (codec::PackedBlockBytes(coded.order, coded.levels->bits) +
                           BitsPerElement(coded.norm_dtype) / 8);
}

void Linear::Multiply(const LinearInput& input, size_t tokens, RowRange rows, size_t stride,
                      std::span<float> y) const noexcept {
  if (const auto* dense = std::get_if<DenseMatrix>(&matrix_)) {
    if (tokens == 1) {
      kernels::DenseMatVec(*dense, input.row(0), rows, y);
    } else {
      kernels::DenseMatMul(*dense, input.rows(), input.width(), tokens, rows, stride, y);
    }
  } else if (tokens <= kVectorTokens) {
    for (size_t token = 0; token < tokens; ++token) {
      kernels::CodedMatVec(std::get<CodedMatrix>(matrix_), input.rotated(), token, rows,
                           y.subspan(token * stride, shape_.out));
    }
  } else {
    kernels::CodedMatMul(std::get<CodedMatrix>(matrix_), input.rotated(), tokens, rows, stride, y);
  }
  if (bias_.size() == 0) return;
  for (size_t token = 0; token < tokens; ++token) {
    for (size_t row = rows.begin; row < rows.end; ++row) y[token * stride + row] += bias_[row];
  }
}

void Linear::ReadRow(size_t row, std::span<float> weights) const noexcept {
  if (const auto* dense = std::get_if<DenseMatrix>(&matrix_)) {
    const size_t bytes = row_bytes();
    kernels::ToFloat(dense->dtype, dense->data.subspan(row * bytes, bytes), weights);
  } else {
    ReadCodedRow(std::get<CodedMatrix>(matrix_), levels_, row, weights);
  }
}

void MultiplyAll(WorkerPool& pool, const LinearInput& input, size_t tokens,
                 std::span<const Product> products) noexcept {
  // Work is cut into units of rows: for few tokens small ones, so that threads finish together and a
  // thread that is taken away holds up little; for many tokens what the kernel decodes at a time.
  constexpr size_t kPieceBytes = 32 << 10;
  size_t units = 0;
  size_t most_row_bytes = 1;
  for (const Product& product : products) {
    most_row_bytes = std::max(most_row_bytes, product.linear->row_bytes());
  }
  const size_t unit_rows =
      tokens <= kVectorTokens ? std::clamp<size_t>(kPieceBytes / most_row_bytes / 4 * 4, 4, 512)
                              : kernels::kMatMulRows;
  const auto units_of = [&](const Product& product) {
    return (product.linear->shape().out + unit_rows - 1) / unit_rows;
  };
  for (const Product& product : products) units += units_of(product);

  pool.ParallelFor(units, 1, [&](size_t begin, size_t end, int) {
    size_t first = 0;  // unit of the product
    for (const Product& product : products) {
      const size_t last = first + units_of(product);
      const size_t from = std::max(begin, first);
      const size_t to = std::min(end, last);
      if (from < to) {
        const RowRange rows = {.begin = (from - first) * unit_rows,
                               .end = std::min<uint64_t>((to - first) * unit_rows,
                                                         product.linear->shape().out)};
        product.linear->Multiply(input, tokens, rows, product.stride, product.y);
      }
      first = last;
    }
  });
}

}  // namespace hlwq::model
