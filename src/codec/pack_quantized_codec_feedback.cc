// PackQuantizedCodec with feedback: first the scales, by what errors in each column cost, then the integers.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/checked.h"
#include "codec/block_errors.h"
#include "codec/float_rows.h"
#include "codec/pack_quantized_codec.h"
#include "codec/scalar_feedback.h"

namespace hlwq::codec {
namespace {

// Rule kMse for a group where the squared error of weight i costs costs[i]; zero where the group is.
float ScaleByCosts(std::span<const float> weights, std::span<const float> costs,
                   const IntCoding& coding) {
  const auto [least, most] = std::ranges::minmax(weights);
  const float absmax = std::max(-least, most), base = absmax / coding.half_range();
  if (RoundedTo(coding.scale_dtype, base) == 0) return 0;
  const IntUnit unit = IntUnitFor(absmax);
  std::vector<float> x(weights.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = weights[i] * unit.inverse;
  const auto errors_of = [&](std::span<const float> scales, std::span<float> errors) {
    for (size_t trial = 0; trial < scales.size(); ++trial) {
      const float scale = scales[trial], inverse = 1.0f / scale;
      double sum = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const float error = x[i] - NearestInteger(x[i] * inverse, coding) * scale;
        sum += double{costs[i]} * error * error;
      }
      errors[trial] = static_cast<float>(sum);
    }
  };
  const auto refit_of = [&](float scale) {
    double along = 0, levels = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float q = NearestInteger(x[i] / scale, coding);
      along += double{costs[i]} * x[i] * q;
      levels += double{costs[i]} * q * q;
    }
    return levels > 0 ? static_cast<float>(along / levels) : 0.0f;
  };
  return unit.unit * SearchIntScale(coding, x.size(), base,
                                    SideOf(std::min(least, 0.0f), std::max(most, 0.0f)), unit,
                                    errors_of, refit_of);
}

}  // namespace

uint64_t PackQuantizedCodec::FeedbackColumns(uint64_t in) const noexcept { return in; }

void PackQuantizedCodec::ToFeedbackBasis(std::span<const float> row,
                                         std::span<float> columns) const noexcept {
  std::ranges::copy(row, columns.begin());
}

void PackQuantizedCodec::CodeWith(const Feedback& feedback, DType dtype,
                                  std::span<const std::byte> weights, uint64_t in,
                                  uint64_t first_row, std::span<std::byte> stored_scales,
                                  std::span<std::byte> packed, ErrorStats& stats) const {
  const auto columns = static_cast<size_t>(in);
  const size_t row_bytes = columns * BitsPerElement(dtype) / 8;
  const size_t rows = weights.size() / row_bytes;
  const size_t groups = parameters_.scale_group == 0 ? 1 : columns / parameters_.scale_group;
  const size_t group = columns / groups;
  std::vector<float> values(rows * columns), errors(rows * columns), scales(rows * groups);
  ToFloat(dtype, weights, values);
  ToFloatReference(parameters_.scale_dtype, stored_scales, scales);
  // From here on "column" is one in the order of the feedback, and of[column] one of the matrix.
  std::vector<uint32_t> of(feedback.order().begin(), feedback.order().end());
  if (of.empty()) {
    of.resize(columns);
    std::iota(of.begin(), of.end(), 0u);
  }
  if (coding_.rule == IntScaleRule::kMse) {
    std::vector<float> costs(columns);
    for (size_t column = 0; column < columns; ++column) {
      costs[of[column]] = feedback.Block(column / kBlockSize).costs[column % kBlockSize];
    }
    for (size_t i = 0; i < scales.size(); ++i) {
      const float scale =
          ScaleByCosts(std::span(values).subspan(i * group, group),
                       std::span(costs).subspan(i % groups * group, group), coding_);
      if (scale != 0) scales[i] = scale;
    }
    FromFloatReference(scales, parameters_.scale_dtype, stored_scales);
  }
  std::vector<float> coordinates(rows * columns);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      coordinates[row * columns + column] = values[row * columns + of[column]];
    }
  }
  std::vector<uint8_t> codes(rows * columns);
  CodeWithFeedback(
      feedback, rows, coordinates, errors, [&](size_t block, std::span<const float> targets) {
        const size_t begin = block * kBlockSize;
        const auto quantize = [&](size_t row, size_t column, float target) {
          const size_t at = of[begin + column];
          const float scale = scales[row * groups + at / group];
          const float quotient = target / scale;
          const float q = std::isnan(quotient) ? 0.0f : NearestInteger(quotient, coding_);
          codes[row * columns + at] = static_cast<uint8_t>(static_cast<int>(q - coding_.lowest()));
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
      const auto of_group = std::span(values).subspan(row * columns + i * group, group);
      stats.zero_blocks += std::ranges::all_of(of_group, [](float w) { return w == 0; }) ? 1 : 0;
      if (((first_row + row) * groups + i) % ErrorStats::kSampledBlocks != 0) continue;
      CountCodes(of_row.subspan(i * group, group), stats);
      CountCoordinates(of_group, stats);
    }
  }
}

}  // namespace hlwq::codec
