#include "codec/hlwq_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "codec/block_errors.h"
#include "codec/float_rows.h"
#include "codec/gaussian_tables.h"
#include "codec/shape_record.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

// Blocks that are coded before their sums are collected.
constexpr size_t kStretch = 16;

CodecSpec Checked(CodecSpec spec) {
  const auto fail = [](ErrorCode code, std::string message) {
    throw Error(code, std::move(message));
  };
  const auto& hlwq = std::get<HlwqParameters>(spec.parameters);
  if (spec.bits < kMinBits || spec.bits > kMaxBits) {
    fail(ErrorCode::kInvalidArgument,
         fmt::format("codec hlwq: want bits in {}..{}, got {}", kMinBits, kMaxBits, spec.bits));
  }
  if (hlwq.block_size != kBlockSize) {
    fail(ErrorCode::kUnsupported,
         fmt::format("codec hlwq: want blocks of {}, got {}", kBlockSize, hlwq.block_size));
  }
  if (spec.levels.empty()) {
    const std::span<const float> levels = GaussianLevels(hlwq.table, spec.bits);
    spec.levels.assign(levels.begin(), levels.end());
  }
  if (spec.levels.size() != size_t{1} << spec.bits) {
    fail(ErrorCode::kInvalidArgument, fmt::format("codec hlwq: want {} levels for {} bits, got {}",
                                                  1 << spec.bits, spec.bits, spec.levels.size()));
  }
  return spec;
}

BitOrder OrderOf(const CodecSpec& spec) {
  const BitOrder order = std::get<HlwqParameters>(spec.parameters).bit_order;
  if (!BitOrderHolds(order, spec.bits)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq: bit order '{}' does not exist for {} bits",
                            BitOrderName(order), spec.bits));
  }
  return order;
}

}  // namespace

// Where the stretches of one call go.
struct HlwqCodec::RowJob {
  uint64_t in = 0;
  uint64_t blocks_per_row = 0;
  uint64_t first_row = 0;
  std::span<std::byte> packed;
  std::span<std::byte> multipliers;
  ErrorStats* stats = nullptr;
};

HlwqCodec::HlwqCodec(const CodecSpec& spec)
    : spec_(Checked(spec)),
      table_(spec_.levels),
      bit_order_(OrderOf(spec_)),
      scale_rule_(std::get<HlwqParameters>(spec_.parameters).scale_rule),
      block_bytes_(PackedBlockBytes(bit_order_, spec_.bits)) {}

std::vector<Part> HlwqCodec::Parts(MatrixShape shape) const {
  Part record = ShapeRecord("hlwq", "__meta", shape);  // checks the shape
  const uint64_t n_blocks = CeilDiv<uint64_t>(shape.in, kBlockSize);
  const bool is_msb = bit_order_ == BitOrder::kMsb;
  Part packed;
  packed.suffix = is_msb ? "__packed" : ".codes";
  packed.dtype = DType::kU8;
  packed.units = {n_blocks * block_bytes_};
  packed.bytes = packed.units.BytesOf(shape.out);
  packed.shape = is_msb ? Shape{packed.bytes} : Shape{shape.out, packed.units.bytes};

  Part norms;
  norms.suffix = is_msb ? "__norms" : ".norms";
  norms.dtype = DType::kF16;
  norms.shape = {shape.out, n_blocks};
  norms.units = {2 * n_blocks};
  norms.bytes = norms.units.BytesOf(shape.out);
  if (!is_msb) return {std::move(packed), std::move(norms)};

  return {std::move(packed), std::move(norms), std::move(record)};
}

void HlwqCodec::CheckEncodable() const {
  if (bit_order_ != BitOrder::kMsb) {
    throw Error(ErrorCode::kUnsupported, fmt::format("codec hlwq: bit order '{}' is only decoded",
                                                     BitOrderName(bit_order_)));
  }
  if (!table_.can_encode()) {
    throw Error(ErrorCode::kUnsupported,
                "codec hlwq: levels that do not ascend or exceed 15 are only decoded");
  }
}

void HlwqCodec::EncodeRowsWith(const Feedback* feedback, DType dtype,
                               std::span<const std::byte> weights, uint64_t in, uint64_t first_row,
                               std::span<const std::span<std::byte>> row_parts,
                               ErrorStats& stats) const {
  if (feedback == nullptr) return EncodeAlone(dtype, weights, in, first_row, row_parts, stats);
  ErrorStats unused;
  EncodeAlone(dtype, weights, in, first_row, row_parts, unused);
  const size_t batch = kFeedbackRows * static_cast<size_t>(in) * BitsPerElement(dtype) / 8;
  const size_t blocks = CeilDiv<size_t>(static_cast<size_t>(in), kBlockSize);
  for (size_t begin = 0; begin < weights.size(); begin += batch) {
    const size_t row = begin / batch * kFeedbackRows;
    const RowParts parts = {row_parts[0].subspan(row * blocks * block_bytes_),
                            row_parts[1].subspan(row * blocks * 2)};
    CodeWith(*feedback, dtype, weights.subspan(begin, std::min(batch, weights.size() - begin)), in,
             first_row + row, parts, stats);
  }
  AddDecodedErrors(*this, dtype, weights, in, row_parts, stats);
}

void HlwqCodec::EncodeAlone(DType dtype, std::span<const std::byte> weights, uint64_t in,
                            uint64_t first_row, std::span<const std::span<std::byte>> row_parts,
                            ErrorStats& stats) const {
  CheckEncodable();
  CheckWeightFloat(dtype);
  const size_t element = BitsPerElement(dtype) / 8;
  const uint64_t rows = in == 0 ? 0 : weights.size() / element / in;
  const uint64_t n_blocks = CeilDiv<uint64_t>(in, kBlockSize);
  if (weights.size() != rows * in * element || row_parts.size() != 2 ||
      row_parts[0].size() != rows * n_blocks * block_bytes_ ||
      row_parts[1].size() != rows * n_blocks * 2) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq: buffers do not fit {} rows of {}", rows, in));
  }
  const RowJob job = {in, n_blocks, first_row, row_parts[0], row_parts[1], &stats};
  // Without padding the rows are one run of blocks; with it each row ends in a padded block.
  const bool is_padded = in % kBlockSize != 0;
  const uint64_t runs = is_padded ? rows : 1;
  const uint64_t full_blocks = is_padded ? n_blocks - 1 : rows * n_blocks;
  for (uint64_t run = 0; run < runs; ++run) {
    const std::span<const std::byte> source = weights.subspan(run * in * element);
    for (uint64_t block = 0; block < full_blocks; block += kStretch) {
      const size_t count = static_cast<size_t>(std::min<uint64_t>(kStretch, full_blocks - block));
      EncodeStretch(job, dtype,
                    source.subspan(block * kBlockSize * element, count * kBlockSize * element),
                    run * n_blocks + block, 0);
    }
    if (is_padded) {
      const size_t tail = in % kBlockSize;
      std::array<float, kBlockSize> padded = {};
      ToFloat(dtype, source.subspan(full_blocks * kBlockSize * element, tail * element),
              std::span<float>(padded).first(tail));
      EncodeStretch(job, DType::kF32, std::as_bytes(std::span(padded)),
                    run * n_blocks + full_blocks, kBlockSize - tail);
    }
  }
}

// `first_block` counts blocks from the start of the call; `padding` is that of the only block.
void HlwqCodec::EncodeStretch(const RowJob& job, DType dtype, std::span<const std::byte> weights,
                              uint64_t first_block, uint64_t padding) const {
  std::array<BlockSums, kStretch> storage;
  const size_t input_bytes = kBlockSize * BitsPerElement(dtype) / 8;
  const size_t count = weights.size() / input_bytes;
  const std::span<BlockSums> sums(storage.data(), count);
  const auto packed = job.packed.subspan(first_block * block_bytes_, count * block_bytes_);
  const auto multipliers = job.multipliers.subspan(first_block * 2, count * 2);
  const size_t done = EncodeBlocks(dtype, weights, packed, multipliers, sums);
  // Needed of few blocks only.
  std::array<float, kBlockSize> wide;
  const auto block_weights = [&](size_t i) {
    ToFloat(dtype, weights.subspan(i * input_bytes, input_bytes), wide);
    return std::span<const float, kBlockSize>(wide);
  };
  if (done < count) {
    const uint64_t block = first_block + done;
    ThrowUnstorable(block_weights(done).first(kBlockSize - padding),
                    job.first_row + block / job.blocks_per_row,
                    block % job.blocks_per_row * kBlockSize,
                    fmt::format("a norm below {}, which fp16 can hold", kNormLimit));
  }
  ErrorStats& stats = *job.stats;
  constexpr double kPerWeight = 1.0 / kBlockSize;
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, multipliers.data() + 2 * i, 2);
    const double multiplier = F16ToF32(half);
    stats.count += kBlockSize - padding;
    stats.zero_blocks += sums[i].energy == 0 ? 1 : 0;
    stats.signal += sums[i].energy * kPerWeight;
    if (padding == 0) {
      stats.noise += sums[i].error * kPerWeight;
      stats.dot += multiplier * sums[i].along * kPerWeight;
      stats.decoded += multiplier * multiplier * sums[i].levels * kPerWeight;
      stats.max_abs_error = std::max(stats.max_abs_error, double{sums[i].max_error});
    }
    // Counted from the start of the matrix, so that the split into calls does not matter.
    const uint64_t index = job.first_row * job.blocks_per_row + first_block + i;
    const bool is_sampled = index % ErrorStats::kSampledBlocks == 0;
    if (padding == 0 && !is_sampled) continue;
    std::array<uint8_t, kBlockSize> codes;
    UnpackBlock(bit_order_, table_.bits(), packed.subspan(i * block_bytes_, block_bytes_), codes);
    const auto block = block_weights(i);
    if (is_sampled) CountSample(block, codes, stats);
    if (padding == 0) continue;
    std::array<float, kBlockSize> decoded;
    DecodeBlock(codes, half, table_, decoded);
    AddWeightErrors(block.first(kBlockSize - padding), decoded, stats);
  }
}

void HlwqCodec::DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts,
                             uint64_t in, std::span<std::byte> weights) const {
  CheckWeightFloat(dtype);
  const size_t element = BitsPerElement(dtype) / 8;
  const uint64_t rows = in == 0 ? 0 : weights.size() / element / in;
  const uint64_t n_blocks = CeilDiv<uint64_t>(in, kBlockSize);
  if (weights.size() != rows * in * element || row_parts.size() != 2 ||
      row_parts[0].size() != rows * n_blocks * block_bytes_ ||
      row_parts[1].size() != rows * n_blocks * 2) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("codec hlwq: parts do not fit {} rows of {}", rows, in));
  }
  if (in % kBlockSize == 0) {
    DecodeBlocks(row_parts[0], row_parts[1], dtype, weights);
    return;
  }
  std::array<std::byte, kBlockSize * sizeof(float)> tail;
  const uint64_t full_blocks = n_blocks - 1;
  const size_t tail_bytes = in % kBlockSize * element;
  for (uint64_t row = 0; row < rows; ++row) {
    const auto packed =
        row_parts[0].subspan(row * n_blocks * block_bytes_, n_blocks * block_bytes_);
    const auto norms = row_parts[1].subspan(row * n_blocks * 2, n_blocks * 2);
    const auto out = weights.subspan(row * in * element, in * element);
    const auto full = out.first(full_blocks * kBlockSize * element);
    DecodeBlocks(packed.first(full_blocks * block_bytes_), norms.first(full_blocks * 2), dtype,
                 full);
    DecodeBlocks(packed.last(block_bytes_), norms.last(2), dtype,
                 std::span(tail).first(kBlockSize * element));
    std::memcpy(out.data() + full.size(), tail.data(), tail_bytes);
  }
}

}  // namespace hlwq::codec
