// The "hlwq-t" codec: rows of blocks of 128, each rotated and coded by a trellis in two groups of 64
// with an 8-bit multiplier, and stored in tiles of 16 rows (docs/format.md, "Codec hlwq-t"). This base
// class owns everything that is layout, checking and bookkeeping; the arithmetic of blocks comes from a
// derived class, the scalar one of its record or the vector one of kernels/cpu_backend.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/codec.h"
#include "codec/trellis_blocks.h"
#include "codec/trellis_feedback.h"
#include "codec/trellis_tile.h"

namespace hlwq::codec {

class TrellisCodec : public Codec {
 public:
  const CodecSpec& spec() const noexcept final { return spec_; }
  std::vector<Part> Parts(MatrixShape shape) const final;
  uint64_t unit_rows() const noexcept final { return kTileRows; }
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
  explicit TrellisCodec(const CodecSpec& spec);

  const TrellisTable& table() const noexcept { return table_; }
  const TrellisSearch& search() const noexcept { return search_; }
  size_t block_bytes() const noexcept { return TrellisBlockBytes(spec_.bits); }

  // Transforms v.size() / 128 whole blocks of `dtype` (F16, BF16 or F32).
  virtual void TransformBlocks(DType dtype, std::span<const std::byte> weights, std::span<float> v,
                               std::span<GroupShape> shapes) const noexcept = 0;
  // Codes sums.size() blocks: `codes` takes block_bytes() each, in block form, `scales` two bytes each.
  virtual void EncodeBlocks(const TrellisBlocks& blocks, std::span<std::byte> codes,
                            std::span<std::byte> scales,
                            std::span<TrellisBlockSums> sums) const noexcept = 0;
  // The inverse for row_scales.size() blocks, each with its row's multiplier. `weights` is of
  // `dtype` (F16, BF16 or F32), 128 a block.
  virtual void DecodeBlocks(std::span<const std::byte> codes, std::span<const std::byte> scales,
                            std::span<const float> row_scales, DType dtype,
                            std::span<std::byte> weights) const noexcept = 0;
  // CodeTrellisFeedback.
  virtual void CodeFeedback(const TrellisGrid& grid,
                            const TrellisFeedbackBlock& block) const noexcept = 0;
  // Dense F16, BF16 or F32 to float32.
  virtual void ToFloat(DType dtype, std::span<const std::byte> in,
                       std::span<float> out) const noexcept = 0;

 private:
  struct Batch;

  CodecSpec spec_;
  TrellisTable table_;
  TrellisSearch search_;

  void LoadRow(DType dtype, std::span<const std::byte> row, size_t index, Batch& batch) const;
  void CountErrors(const Batch& batch, ErrorStats& stats) const;
  // Codes a batch anew, with its scales as they are.
  void CodeWith(const Feedback& feedback, Batch& batch, ErrorStats& stats) const;
  void PutRows(const Batch& batch, uint64_t row, size_t count,
               std::span<const std::span<std::byte>> row_parts) const;
  // Rows of zeros, up to the end of the tile that row `rows` - 1 is in.
  void PadTile(uint64_t rows, std::span<const std::span<std::byte>> row_parts) const;
};

}  // namespace hlwq::codec
