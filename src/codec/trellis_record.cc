// The record of the codec, and its scalar form: one block at a time.
#include <fmt/format.h>

#include <array>
#include <string>
#include <variant>

#include "base/error.h"
#include "codec/codec_record.h"
#include "codec/float_rows.h"
#include "codec/trellis_codec.h"

namespace hlwq::codec {
namespace {

class ReferenceTrellisCodec final : public TrellisCodec {
 public:
  explicit ReferenceTrellisCodec(const CodecSpec& spec) : TrellisCodec(spec) {}

 protected:
  void TransformBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                       std::span<GroupShape> shapes) const noexcept override {
    TransformGroups(dtype, weights, v, shapes);
  }

  void EncodeBlocks(const TrellisBlocks& blocks, std::span<std::byte> codes,
                    std::span<std::byte> scales,
                    std::span<TrellisBlockSums> sums) const noexcept override {
    for (size_t i = 0; i < sums.size(); ++i) {
      const size_t group = i * kGroupsPerBlock;
      EncodeTrellisBlock(
          std::span<const float, kBlockSize>(blocks.v.subspan(i * kBlockSize, kBlockSize)),
          std::span<const GroupShape, kGroupsPerBlock>(
              blocks.shapes.subspan(group, kGroupsPerBlock)),
          blocks.row_scales[i], table(), search(), codes.subspan(i * block_bytes(), block_bytes()),
          std::span<std::byte, kGroupsPerBlock>(scales.subspan(group, kGroupsPerBlock)), sums[i]);
    }
  }

  void DecodeBlocks(std::span<const std::byte> codes, std::span<const std::byte> scales,
                    std::span<const float> row_scales, DType dtype,
                    std::span<std::byte> weights) const noexcept override {
    const size_t out_bytes = kBlockSize * BitsPerElement(dtype) / 8;
    for (size_t i = 0; i < row_scales.size(); ++i) {
      std::array<float, kBlockSize> decoded;
      DecodeTrellisBlock(codes.subspan(i * block_bytes(), block_bytes()),
                         std::span<const std::byte, kGroupsPerBlock>(
                             scales.subspan(i * kGroupsPerBlock, kGroupsPerBlock)),
                         row_scales[i], table(), decoded);
      FromFloatReference(decoded, dtype, weights.subspan(i * out_bytes, out_bytes));
    }
  }

  void CodeFeedback(const TrellisGrid& grid,
                    const TrellisFeedbackBlock& block) const noexcept override {
    CodeTrellisFeedback(grid, block);
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    ToFloatReference(dtype, in, out);
  }
};

constexpr std::string_view kBitOrder = "tiles";

CodecSpec DefaultTrellis() { return {.parameters = TrellisParameters(), .levels = {}}; }

SpecWords DescribeTrellis(const CodecSpec& spec) {
  const auto& trellis = std::get<TrellisParameters>(spec.parameters);
  return {.table = trellis.table,
          .scale_rule = trellis.effort,
          .bit_order = std::string(kBitOrder),
          .block_size = kBlockSize,
          .scale_group = kGroupSize};
}

template <class Value>
void Check(ErrorCode code, const char* what, const Value& want, const Value& got) {
  if (want == got) return;
  throw Error(code, fmt::format("codec hlwq-t: want {} {}, got {}", what, want, got));
}

CodecParameters ParseTrellis(const SpecWords& words, int) {
  Check<uint32_t>(ErrorCode::kUnsupported, "blocks of", kBlockSize, words.block_size);
  Check<uint32_t>(ErrorCode::kUnsupported, "groups of", kGroupSize, words.scale_group);
  Check<std::string_view>(ErrorCode::kInvalidArgument, "bit order", kBitOrder, words.bit_order);
  return TrellisParameters{.table = words.table, .effort = words.scale_rule};
}

}  // namespace

constinit const CodecRecord kTrellisRecord = {
    .name = kTrellisCodec,
    .version = 2,
    .min_bits = kMinTrellisBits,
    .max_bits = kMaxTrellisBits,
    .home = CodecHome::kOwnPolarState,
    .default_spec = DefaultTrellis,
    .describe = DescribeTrellis,
    .parse = ParseTrellis,
    .make_reference = MakeReference<ReferenceTrellisCodec>};

}  // namespace hlwq::codec
