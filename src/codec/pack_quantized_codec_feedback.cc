// PackQuantizedCodec with feedback: scales are chosen as without, then the integers are chosen again.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "codec/block_errors.h"
#include "codec/float_rows.h"
#include "codec/pack_quantized_codec.h"
#include "codec/scalar_feedback.h"

namespace hlwq::codec {

uint64_t PackQuantizedCodec::FeedbackColumns(uint64_t in) const noexcept { return in; }

void PackQuantizedCodec::ToFeedbackBasis(std::span<const float> row,
                                         std::span<float> columns) const noexcept {
  std::ranges::copy(row, columns.begin());
}

void PackQuantizedCodec::CodeWith(const Feedback& feedback, DType dtype,
                                  std::span<const std::byte> weights, uint64_t in,
                                  uint64_t first_row, std::span<const std::byte> stored_scales,
                                  std::span<std::byte> packed, ErrorStats& stats) const {
  const auto columns = static_cast<size_t>(in);
  const size_t row_bytes = columns * BitsPerElement(dtype) / 8;
  const size_t rows = weights.size() / row_bytes;
  const size_t groups = parameters_.scale_group == 0 ? 1 : columns / parameters_.scale_group;
  const size_t group = columns / groups;
  std::vector<float> coordinates(rows * columns), errors(rows * columns), scales(rows * groups);
  ToFloat(dtype, weights, coordinates);
  ToFloatReference(parameters_.scale_dtype, stored_scales, scales);
  std::vector<uint8_t> codes(rows * columns);
  CodeWithFeedback(
      feedback, rows, coordinates, errors, [&](size_t block, std::span<const float> targets) {
        const size_t begin = block * kBlockSize;
        const auto quantize = [&](size_t row, size_t column, float target) {
          const float scale = scales[row * groups + (begin + column) / group];
          const float quotient = std::clamp(target / scale, coding_.lowest(), coding_.highest());
          const float q = std::isnan(quotient) ? 0.0f : RoundedToInteger(quotient);
          codes[row * columns + begin + column] =
              static_cast<uint8_t>(static_cast<int>(q - coding_.lowest()));
          return q * scale;
        };
        CodeScalars(feedback.Block(block), rows, columns, coordinates.data() + begin, targets,
                    errors.data() + begin, quantize);
      });
  const size_t packed_bytes = packed.size() / rows;
  for (size_t row = 0; row < rows; ++row) {
    const auto of_row = std::span(codes).subspan(row * columns, columns);
    PackWords(parameters_.word_order, spec_.bits, of_row,
              packed.subspan(row * packed_bytes, packed_bytes));
    for (size_t i = 0; i < groups; ++i) {
      const auto values = std::span(coordinates).subspan(row * columns + i * group, group);
      stats.zero_blocks += std::ranges::all_of(values, [](float w) { return w == 0; }) ? 1 : 0;
      if (((first_row + row) * groups + i) % ErrorStats::kSampledBlocks != 0) continue;
      CountCodes(of_row.subspan(i * group, group), stats);
      CountCoordinates(values, stats);
    }
  }
}

}  // namespace hlwq::codec
