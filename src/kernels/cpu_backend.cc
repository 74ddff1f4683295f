#include "kernels/cpu_backend.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "codec/float_rows.h"
#include "codec/hlwq_codec.h"
#include "codec/pack_quantized_codec.h"
#include "codec/trellis_codec.h"
#include "kernels/decode_blocks.h"
#include "kernels/decode_trellis.h"
#include "kernels/encode_blocks.h"
#include "kernels/encode_trellis.h"
#include "kernels/float_rows.h"
#include "kernels/int_groups.h"
#include "kernels/trellis_feedback.h"

namespace hlwq::kernels {
namespace {

class VectorHlwqCodec final : public codec::HlwqCodec {
 public:
  explicit VectorHlwqCodec(const codec::CodecSpec& spec)
      : HlwqCodec(spec), levels_(hwy::AllocateAligned<float>(256)) {
    std::fill_n(levels_.get(), 256, 0.0f);
    std::copy(table().levels().begin(), table().levels().end(), levels_.get());
    if (table().can_encode()) cells_ = ChooseLevelCells(table());
  }

  // Levels that do not ascend cannot be encoded by any codec; levels too close for cells can by the
  // scalar one.
  bool HasKernels() const noexcept { return cells_.has_value() || !table().can_encode(); }

 protected:
  size_t EncodeBlocks(DType dtype, std::span<const std::byte> weights, std::span<std::byte> packed,
                      std::span<std::byte> multipliers,
                      std::span<codec::BlockSums> sums) const noexcept override {
    return kernels::EncodeBlocks(*cells_, scale_rule(), dtype, weights, packed, multipliers, sums);
  }

  void DecodeBlocks(std::span<const std::byte> packed, std::span<const std::byte> multipliers,
                    DType dtype, std::span<std::byte> weights) const noexcept override {
    const CodedBlocks blocks = {bit_order(), table().bits(), levels_.get(), packed, multipliers};
    kernels::DecodeBlocks(blocks, dtype, weights);
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    kernels::ToFloat(dtype, in, out);
  }

 private:
  hwy::AlignedFreeUniquePtr<float[]> levels_;
  std::optional<LevelCells> cells_;
};

class VectorTrellisCodec final : public codec::TrellisCodec {
 public:
  explicit VectorTrellisCodec(const codec::CodecSpec& spec)
      : TrellisCodec(spec), cells_(MakeTrellisCells(table())) {}

  // Levels too far from any sensible ones can be searched by the scalar codec only.
  bool HasKernels() const noexcept { return cells_.has_value(); }

 protected:
  void TransformBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                       std::span<codec::GroupShape> shapes) const noexcept override {
    TransformTrellisBlocks(dtype, weights, v, shapes);
  }

  void EncodeBlocks(const codec::TrellisBlocks& blocks, std::span<std::byte> codes,
                    std::span<std::byte> scales,
                    std::span<codec::TrellisBlockSums> sums) const noexcept override {
    EncodeTrellisBlocks(*cells_, search(), blocks, codes, scales, sums);
  }

  void DecodeBlocks(std::span<const std::byte> codes, std::span<const std::byte> scales,
                    std::span<const float> row_scales, DType dtype,
                    std::span<std::byte> weights) const noexcept override {
    DecodeTrellisBlocks({&table(), codes, scales, row_scales}, dtype, weights);
  }

  void CodeFeedback(const codec::TrellisGrid& grid,
                    const codec::TrellisFeedbackBlock& block) const noexcept override {
    kernels::CodeTrellisFeedback(grid, block);
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    kernels::ToFloat(dtype, in, out);
  }

 private:
  std::optional<TrellisCells> cells_;
};

class VectorPackQuantizedCodec final : public codec::PackQuantizedCodec {
 public:
  explicit VectorPackQuantizedCodec(const codec::CodecSpec& spec) : PackQuantizedCodec(spec) {}

 protected:
  size_t EncodeGroups(DType dtype, std::span<const std::byte> weights, std::span<float> scratch,
                      std::span<uint8_t> codes, std::span<std::byte> scales,
                      std::span<codec::IntGroupSums> sums) const override {
    return EncodeIntGroups(coding(), dtype, weights, scratch, codes, scales, sums);
  }

  void DecodeGroups(std::span<const uint8_t> codes, std::span<const std::byte> scales, DType dtype,
                    std::span<std::byte> weights) const override {
    DecodeIntGroups(coding(), codes, scales, dtype, weights);
  }

  void ToFloat(DType dtype, std::span<const std::byte> in,
               std::span<float> out) const noexcept override {
    kernels::ToFloat(dtype, in, out);
  }
};

// Codecs whose tables no kernel can work with are the scalar ones.
template <class VectorForm>
std::shared_ptr<const codec::Codec> MakeWithKernels(const codec::CodecSpec& spec) {
  auto codec = std::make_shared<const VectorForm>(spec);
  if (!codec->HasKernels()) return codec::MakeReferenceCodec(spec);
  return codec;
}

// One for each alternative of CodecSpec::parameters, `spec` being of it.
std::shared_ptr<const codec::Codec> MakeVectorCodec(const codec::HlwqParameters&,
                                                    const codec::CodecSpec& spec) {
  return MakeWithKernels<VectorHlwqCodec>(spec);
}
std::shared_ptr<const codec::Codec> MakeVectorCodec(const codec::TrellisParameters&,
                                                    const codec::CodecSpec& spec) {
  return MakeWithKernels<VectorTrellisCodec>(spec);
}
std::shared_ptr<const codec::Codec> MakeVectorCodec(const codec::PackQuantizedParameters&,
                                                    const codec::CodecSpec& spec) {
  return std::make_shared<const VectorPackQuantizedCodec>(spec);
}

class Cpu final : public codec::Backend {
 public:
  std::shared_ptr<const codec::Codec> MakeCodec(const codec::CodecSpec& spec) const override {
    return std::visit([&](const auto& of_codec) { return MakeVectorCodec(of_codec, spec); },
                      spec.parameters);
  }
  void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const override {
    codec::CheckWeightFloat(dtype);
    kernels::ToFloat(dtype, in, out);
  }
  void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) const override {
    codec::CheckWeightFloat(dtype);
    kernels::FromFloat(in, dtype, out);
  }
};

}  // namespace

const codec::Backend& CpuBackend() {
  static const Cpu backend;
  return backend;
}

}  // namespace hlwq::kernels
