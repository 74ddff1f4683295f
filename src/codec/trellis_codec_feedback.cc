// TrellisCodec with feedback: scales are chosen as without, then the paths are searched again.
#include <algorithm>
#include <array>
#include <cmath>

#include "codec/block_errors.h"
#include "codec/trellis_batch.h"
#include "codec/trellis_codec.h"
#include "codec/trellis_feedback.h"

namespace hlwq::codec {
namespace {

// Coordinates of unit length vectors from v, which is Fwht128 of the weights; half blocks have a transform
// of 64.
const float kOfBlock = 1 / std::sqrt(static_cast<float>(kBlockSize));
constexpr float kOfHalf = 1 / 8.0f;
static_assert(kGroupSize == 64);

// Steps of a multiplier's byte that are tried, from the one that is best without feedback: targets reach
// further than weights.
constexpr std::array kTrials = {0, -4, -8, -12, 4};

}  // namespace

uint64_t TrellisCodec::FeedbackColumns(uint64_t in) const noexcept {
  return TrellisGroups(in) * kGroupSize;
}

void TrellisCodec::ToFeedbackBasis(std::span<const float> row,
                                   std::span<float> columns) const noexcept {
  std::ranges::fill(columns, 0.0f);
  std::ranges::copy(row, columns.begin());
  for (size_t begin = 0; begin < columns.size(); begin += kBlockSize) {
    const auto block = columns.subspan(begin, std::min(kBlockSize, columns.size() - begin));
    Fwht(block);
    for (float& value : block) value *= block.size() == kGroupSize ? kOfHalf : kOfBlock;
  }
}

void TrellisCodec::CodeWith(const Feedback& feedback, Batch& batch, ErrorStats& stats) const {
  const TrellisGrid grid(table_);
  const size_t columns = feedback.columns();
  const size_t blocks = static_cast<size_t>(batch.blocks_per_row);
  const size_t rows = batch.sums.size() / blocks;
  std::vector<float> coordinates(rows * columns), errors(rows * columns);
  const auto factor_of = [&](size_t block) {
    return EndsInHalfBlock(batch.in) && block + 1 == blocks ? kOfHalf : kOfBlock;
  };
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      coordinates[row * columns + column] =
          batch.v[row * blocks * kBlockSize + column] * factor_of(column / kBlockSize);
    }
  }
  std::vector<float> multipliers(rows * kGroupsPerBlock * kTrials.size());
  std::vector<uint8_t> chosen(rows * kGroupsPerBlock);
  std::vector<uint64_t> paths(rows * kGroupsPerBlock);
  std::vector<uint8_t> levels(rows * kBlockSize);
  CodeWithFeedback(
      feedback, rows, coordinates, errors, [&](size_t block, std::span<const float> targets) {
        const FeedbackBlock of_block = feedback.Block(block);
        // The byte of trial `trial` of a group.
        const auto scale_of = [&](size_t group, size_t trial) {
          const auto scale = std::to_integer<uint8_t>(batch.scales[group]);
          if (scale == kZeroGroup) return scale;
          return static_cast<uint8_t>(std::clamp(scale + kTrials[trial], 0, int{kLeastGroup}));
        };
        const auto group_of = [&](size_t i) {
          return (i / kGroupsPerBlock * blocks + block) * kGroupsPerBlock + i % kGroupsPerBlock;
        };
        for (size_t i = 0; i < multipliers.size(); ++i) {
          const size_t group = group_of(i / kTrials.size());
          multipliers[i] = batch.row_scales[group / kGroupsPerBlock] *
                           GroupFactor(scale_of(group, i % kTrials.size())) * factor_of(block);
        }
        // Of half a block the other half, which is not stored.
        std::ranges::fill(paths, 0);
        std::ranges::fill(levels, grid.zero_number());
        CodeFeedback(grid, {.feedback = of_block,
                            .rows = rows,
                            .stride = columns,
                            .coordinates = coordinates.data() + block * kBlockSize,
                            .targets = targets.data(),
                            .multipliers = multipliers.data(),
                            .trials = kTrials.size(),
                            .errors = errors.data() + block * kBlockSize,
                            .chosen = chosen.data(),
                            .paths = paths.data(),
                            .levels = levels.data()});
        for (size_t i = 0; i < chosen.size(); ++i) {
          batch.scales[group_of(i)] = std::byte{scale_of(group_of(i), chosen[i])};
        }
        for (size_t row = 0; row < rows; ++row) {
          const size_t at = row * blocks + block;
          const std::span<const uint8_t, kBlockSize> of_row(levels.data() + row * kBlockSize,
                                                            kBlockSize);
          PackTrellisBlock(std::span<const uint64_t, kGroupsPerBlock>(
                               paths.data() + row * kGroupsPerBlock, kGroupsPerBlock),
                           of_row, spec_.bits,
                           std::span(batch.codes).subspan(at * block_bytes(), block_bytes()));
          stats.zero_blocks += batch.shapes[at * kGroupsPerBlock].energy == 0 &&
                                       batch.shapes[at * kGroupsPerBlock + 1].energy == 0
                                   ? 1
                                   : 0;
          if ((batch.first_row * blocks + at) % ErrorStats::kSampledBlocks != 0) continue;
          CountCodes(of_row.first(of_block.width), stats);
          CountCoordinates(std::span(batch.v).subspan(at * kBlockSize, of_block.width), stats);
        }
      });
}

}  // namespace hlwq::codec
