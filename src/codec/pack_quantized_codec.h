// The "pack-quantized" codec of compressed-tensors: rows of groups, each of integers with a common
// scale (docs/format-compressed-tensors.md). This base class owns everything that is layout,
// checking and bookkeeping; the arithmetic of groups comes from a derived class, the scalar one of
// reference_codec.cc or the vector one of kernels/cpu_backend.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/codec.h"
#include "codec/int_group.h"
#include "codec/int_words.h"

namespace hlwq::codec {

// The largest of the groups that engines have kernels for, 128, 64 and 32, that is at most `most` and
// divides rows of `in` weights; 0 when none does.
constexpr uint32_t LargestIntGroup(uint64_t in, uint32_t most = 128) noexcept {
  for (const uint32_t group : {128u, 64u, 32u}) {
    if (group <= most && in % group == 0) return group;
  }
  return 0;
}

class PackQuantizedCodec : public Codec {
 public:
  const CodecSpec& spec() const noexcept final { return spec_; }
  std::vector<Part> Parts(MatrixShape shape) const final;
  void EncodeRowsWith(const Feedback* feedback, DType dtype, std::span<const std::byte> weights,
                      uint64_t in, uint64_t first_row,
                      std::span<const std::span<std::byte>> row_parts,
                      ErrorStats& stats) const final;
  uint64_t FeedbackColumns(uint64_t in) const noexcept final;
  void ToFeedbackBasis(std::span<const float> row, std::span<float> columns) const noexcept final;
  bool takes_any_order() const noexcept final { return true; }
  void DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts, uint64_t in,
                    std::span<std::byte> weights) const final;

 protected:
  // Checks the spec, and fills in the levels. Throws as MakeReferenceCodec.
  explicit PackQuantizedCodec(const CodecSpec& spec);

  const IntCoding& coding() const noexcept { return coding_; }

  // Codes sums.size() groups of one length, contiguous: `weights` of `dtype` (F16, BF16 or F32),
  // `codes` one byte a weight, `scales` one value of the scale's dtype a group. `scratch` holds the
  // floats of one group, rounded up to whole kIntStep. Returns the number of groups done before
  // the first that cannot be stored (EncodeIntGroup), sums.size() when there is none.
  virtual size_t EncodeGroups(DType dtype, std::span<const std::byte> weights,
                              std::span<float> scratch, std::span<uint8_t> codes,
                              std::span<std::byte> scales, std::span<IntGroupSums> sums) const = 0;
  // The inverse for scales.size() / element groups.
  virtual void DecodeGroups(std::span<const uint8_t> codes, std::span<const std::byte> scales,
                            DType dtype, std::span<std::byte> weights) const = 0;
  // Dense F16, BF16 or F32 to float32.
  virtual void ToFloat(DType dtype, std::span<const std::byte> in,
                       std::span<float> out) const noexcept = 0;

 private:
  struct RowLayout;
  struct Batch;

  CodecSpec spec_;
  PackQuantizedParameters parameters_;  // of spec_
  IntCoding coding_;

  RowLayout LayoutOf(uint64_t in) const;
  void EncodeAlone(DType dtype, std::span<const std::byte> weights, uint64_t in, uint64_t first_row,
                   std::span<const std::span<std::byte>> row_parts, ErrorStats& stats) const;
  // Chooses scales and integers of rows anew; `stored_scales` are those of groups by themselves.
  void CodeWith(const Feedback& feedback, DType dtype, std::span<const std::byte> weights,
                uint64_t in, uint64_t first_row, std::span<std::byte> stored_scales,
                std::span<std::byte> packed, ErrorStats& stats) const;
  void EncodeRow(const RowLayout& layout, Batch& batch, std::span<const std::byte> weights,
                 uint64_t row, std::span<std::byte> words, std::span<std::byte> scales) const;
  void CountErrors(const RowLayout& layout, const Batch& batch, std::span<const std::byte> weights,
                   uint64_t row, ErrorStats& stats) const;
};

}  // namespace hlwq::codec
