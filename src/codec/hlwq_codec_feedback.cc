// HlwqCodec with feedback: multipliers are chosen as without, then the codes are chosen again.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "codec/block_errors.h"
#include "codec/hlwq_codec.h"
#include "codec/scalar_feedback.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

const float kNormalised = 1 / std::sqrt(static_cast<float>(kBlockSize));

}  // namespace

uint64_t HlwqCodec::FeedbackColumns(uint64_t in) const noexcept {
  return CeilDiv<uint64_t>(in, kBlockSize) * kBlockSize;
}

void HlwqCodec::ToFeedbackBasis(std::span<const float> row,
                                std::span<float> columns) const noexcept {
  std::ranges::fill(columns, 0.0f);
  std::ranges::copy(row, columns.begin());
  for (size_t begin = 0; begin < columns.size(); begin += kBlockSize) {
    Fwht128(std::span<float, kBlockSize>(columns.subspan(begin, kBlockSize)));
  }
  for (float& value : columns) value *= kNormalised;
}

void HlwqCodec::CodeWith(const Feedback& feedback, DType dtype, std::span<const std::byte> weights,
                         uint64_t in, uint64_t first_row, const RowParts& parts,
                         ErrorStats& stats) const {
  const size_t columns = feedback.columns();
  const size_t blocks = columns / kBlockSize;
  const size_t row_bytes = static_cast<size_t>(in) * BitsPerElement(dtype) / 8;
  const size_t rows = weights.size() / row_bytes;
  std::vector<float> row(static_cast<size_t>(in)), coordinates(rows * columns),
      errors(rows * columns);
  for (size_t r = 0; r < rows; ++r) {
    ToFloat(dtype, weights.subspan(r * row_bytes, row_bytes), row);
    ToFeedbackBasis(row, std::span(coordinates).subspan(r * columns, columns));
  }
  std::vector<uint8_t> codes(rows * kBlockSize);
  std::vector<float> multipliers(rows), inverses(rows);
  CodeWithFeedback(
      feedback, rows, coordinates, errors, [&](size_t block, std::span<const float> targets) {
        for (size_t r = 0; r < rows; ++r) {
          uint16_t half;
          std::memcpy(&half, parts.multipliers.data() + (r * blocks + block) * 2, 2);
          multipliers[r] = F16ToF32(half) * kNormalised;
          inverses[r] = multipliers[r] > 0 ? 1.0f / multipliers[r] : 0.0f;
        }
        const auto quantize = [&](size_t r, size_t column, float target) {
          const uint8_t code = table_.Code(target * inverses[r]);
          codes[r * kBlockSize + column] = code;
          return multipliers[r] * table_.levels()[code];
        };
        CodeScalars(feedback.Block(block), rows, columns, coordinates.data() + block * kBlockSize,
                    targets, errors.data() + block * kBlockSize, quantize);
        for (size_t r = 0; r < rows; ++r) {
          const size_t at = r * blocks + block;
          const std::span<const uint8_t, kBlockSize> of_row(codes.data() + r * kBlockSize,
                                                            kBlockSize);
          PackBlock(bit_order_, table_.bits(), of_row,
                    parts.packed.subspan(at * block_bytes_, block_bytes_));
          const auto v = std::span(coordinates).subspan(at * kBlockSize, kBlockSize);
          stats.zero_blocks += std::ranges::all_of(v, [](float c) { return c == 0; }) ? 1 : 0;
          if ((first_row * blocks + at) % ErrorStats::kSampledBlocks != 0) continue;
          CountCodes(of_row, stats);
          CountCoordinates(v, stats);
        }
      });
}

}  // namespace hlwq::codec
