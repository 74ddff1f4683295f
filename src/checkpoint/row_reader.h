// Rows of a stored tensor as float32, whatever they are stored as.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "tensor/row_units.h"

namespace hlwq::checkpoint {

// Reads one tensor, seen as rows (TensorEntry::AsMatrix; the slices of a fused tensor follow each
// other). Reading and decoding are separate, so that a pipeline can read in order and decode in
// parallel. Immutable; all members are thread-safe. Borrows the checkpoint and the entry.
class RowReader {
 public:
  // Throws Error{kUnsupported} for a plain dtype other than F16, BF16, F32.
  RowReader(const Checkpoint& checkpoint, const TensorEntry& entry, const codec::Backend& backend);

  MatrixShape matrix() const noexcept { return matrix_; }
  // Stored bytes of `rows` (all parts).
  uint64_t StoredBytes(RowRange rows) const;
  // Rows per slice: a range passed to ReadStored must not cross a multiple of this.
  uint64_t slice_rows() const noexcept { return slice_rows_; }
  // Ranges of multiples of as many rows of a slice are read without reading more than they need.
  uint64_t row_block() const noexcept;

  // Fills `stored` (resized) with the stored bytes of `rows`, part after part.
  void ReadStored(RowRange rows, std::vector<std::byte>& stored) const;
  // The dtype of what ReadStored gives where it is the dense tensor itself; else empty.
  std::optional<DType> plain_dtype() const noexcept;

  // Turns what ReadStored gave for `rows` into float32 [rows, in].
  void Decode(RowRange rows, std::span<const std::byte> stored, std::span<float> weights) const;
  // Decode in pieces that fit a cache: calls visit(tile, weights) for consecutive tiles of `rows`,
  // counted from rows.begin, with weights [tile, in]. All but the last have a multiple of `unit_rows`.
  using VisitTile = std::function<void(RowRange tile, std::span<const float> weights)>;
  void DecodeTiles(RowRange rows, std::span<const std::byte> stored, uint64_t unit_rows,
                   const VisitTile& visit) const;
  // Decode rounded to `dtype` (F16, BF16 or F32; to nearest, ties to even).
  void DecodeTo(DType dtype, RowRange rows, std::span<const std::byte> stored,
                std::span<std::byte> weights) const;
  // Tells the kernel that these rows will be read soon.
  void Prefetch(RowRange rows) const;

  // Index into Checkpoint::files of the first stored byte of `row`.
  size_t FirstFile(uint64_t row) const;

  // Both in one, for callers without a pipeline.
  void ReadRows(RowRange rows, std::span<float> weights) const;

 private:
  // The same rows counted from the beginning of their slice, from the first of a unit of codes on.
  RowRange InSlice(RowRange rows) const noexcept;
  // How many rows of InSlice(rows) come before `rows`.
  uint64_t RowsBefore(RowRange rows) const noexcept;
  // Calls visit(file, offset, bytes) for each stretch that holds stored bytes of `rows`, in the
  // order of ReadStored.
  template <typename Visit>
  void ForEachRange(RowRange rows, Visit&& visit) const;
  std::vector<std::span<const std::byte>> PartsOf(RowRange rows,
                                                  std::span<const std::byte> stored) const;
  void DecodeWideNorms(RowRange rows, std::span<const std::span<const std::byte>> parts,
                       std::span<float> weights) const;
  void DecodeDerived(RowRange rows, std::span<const std::byte> stored,
                     std::span<float> weights) const;
  // Whole runs of row_block() rows.
  RowRange Widened(RowRange rows) const;
  // The rows of the origin that `rows` of a derived tensor are made from.
  RowRange OriginRows(RowRange rows) const;

  const Checkpoint& checkpoint_;
  const TensorEntry& entry_;
  const codec::Backend& backend_;
  std::shared_ptr<const codec::Codec> codec_;
  std::vector<RowUnits> parts_;  // what is stored, units of rows of a slice
  MatrixShape matrix_;
  uint64_t slice_rows_ = 0;
  bool has_wide_norms_ = false;              // CodedStorage::norm_dtype is F32
  uint64_t unit_rows_ = 1;                   // Codec::unit_rows of codes
  uint64_t row_block_ = 1;                   // of the change of a derived tensor
  std::shared_ptr<const RowReader> origin_;  // of a derived tensor; shared by copies of this reader
};

}  // namespace hlwq::checkpoint
