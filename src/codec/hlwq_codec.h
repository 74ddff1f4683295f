// The "hlwq" codec: rows of blocks of 128, each rotated and coded with b bits and an fp16
// multiplier (docs/format.md, "Codec hlwq"). This base class owns everything that is layout,
// checking and bookkeeping; the arithmetic of blocks comes from a derived class, the scalar one
// here or the vector one of kernels/cpu_backend.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/bitpack.h"
#include "codec/codec.h"
#include "codec/hlwq_block.h"

namespace hlwq::codec {

class HlwqCodec : public Codec {
 public:
  const CodecSpec& spec() const noexcept final { return spec_; }
  std::vector<Part> Parts(MatrixShape shape) const final;
  void EncodeRowsWith(const Feedback* feedback, DType dtype, std::span<const std::byte> weights,
                      uint64_t in, uint64_t first_row,
                      std::span<const std::span<std::byte>> row_parts,
                      ErrorStats& stats) const final;
  uint64_t FeedbackColumns(uint64_t in) const noexcept final;
  void ToFeedbackBasis(std::span<const float> row, std::span<float> columns) const noexcept final;
  void DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts, uint64_t in,
                    std::span<std::byte> weights) const final;

 protected:
  // Checks the spec, and fills in the levels of a named table. Throws as MakeReferenceCodec.
  explicit HlwqCodec(const CodecSpec& spec);

  const LevelTable& table() const noexcept { return table_; }
  BitOrder bit_order() const noexcept { return bit_order_; }
  ScaleRule scale_rule() const noexcept { return scale_rule_; }
  size_t block_bytes() const noexcept { return block_bytes_; }

  // Codes sums.size() whole blocks: `weights` of `dtype` (F16, BF16 or F32), 128 each, `packed`
  // block_bytes() each (always MSB first), `multipliers` two bytes each, little-endian. Returns the
  // number of blocks done before the first that cannot be stored (EncodeBlock), sums.size() when
  // there is none.
  virtual size_t EncodeBlocks(DType dtype, std::span<const std::byte> weights,
                              std::span<std::byte> packed, std::span<std::byte> multipliers,
                              std::span<BlockSums> sums) const noexcept = 0;
  // The inverse for multipliers.size() / 2 blocks in the codec's bit order. `weights` is of `dtype`
  // (F16, BF16 or F32), 128 a block.
  virtual void DecodeBlocks(std::span<const std::byte> packed,
                            std::span<const std::byte> multipliers, DType dtype,
                            std::span<std::byte> weights) const noexcept = 0;
  // Dense F16, BF16 or F32 to float32.
  virtual void ToFloat(DType dtype, std::span<const std::byte> in,
                       std::span<float> out) const noexcept = 0;

 private:
  struct RowJob;  // one call of EncodeRows

  CodecSpec spec_;
  LevelTable table_;
  BitOrder bit_order_ = BitOrder::kMsb;
  ScaleRule scale_rule_ = ScaleRule::kSearch;
  size_t block_bytes_ = 0;

  struct RowParts {
    std::span<std::byte> packed;
    std::span<std::byte> multipliers;
  };

  void CheckEncodable() const;
  void EncodeAlone(DType dtype, std::span<const std::byte> weights, uint64_t in, uint64_t first_row,
                   std::span<const std::span<std::byte>> row_parts, ErrorStats& stats) const;
  // Chooses the codes of rows anew, by the multipliers that are in `parts`.
  void CodeWith(const Feedback& feedback, DType dtype, std::span<const std::byte> weights,
                uint64_t in, uint64_t first_row, const RowParts& parts, ErrorStats& stats) const;
  void EncodeStretch(const RowJob& job, DType dtype, std::span<const std::byte> weights,
                     uint64_t first_block, uint64_t padding) const;
};

}  // namespace hlwq::codec
