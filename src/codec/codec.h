// The interface behind which every weight codec stands. Storing, streaming, resuming, verifying and
// reporting see a codec only through this header.
//
// A codec turns a matrix [out, in] into a few named parts, each a tensor of the output file. Parts
// come in two kinds: row parts hold the same number of bytes for every unit of rows (one row, or a few
// that are stored together), in row order, so units can be coded in any order and in any chunks;
// constant parts depend on the shape alone (a shape record, say).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/codec_spec.h"
#include "codec/error_stats.h"
#include "codec/feedback.h"
#include "tensor/dtype.h"
#include "tensor/row_units.h"
#include "tensor/shape.h"

namespace hlwq::codec {

// One stored tensor of a coded matrix.
struct Part {
  std::string suffix;  // appended to the matrix's name: "__packed"
  DType dtype = DType::kU8;
  Shape shape;
  uint64_t bytes = 0;
  RowUnits units;                        // of a row part; without bytes: a constant part
  std::vector<std::byte> constant_data;  // the content of a constant part

  bool is_constant() const noexcept { return units.bytes == 0; }
};

// Immutable once made; all members may be called from any number of threads at once.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual const CodecSpec& spec() const noexcept = 0;

  // The parts of a matrix of this shape, in file order. Cost: independent of the size, except for
  // constant parts. Throws Error{kUnsupported} on a shape this codec cannot hold (overflow).
  virtual std::vector<Part> Parts(MatrixShape shape) const = 0;
  // Rows are coded and decoded in multiples of so many, which every part's unit divides; only the last
  // rows of a matrix may be fewer.
  virtual uint64_t unit_rows() const noexcept { return 1; }

  // Codes consecutive rows, whole units but for the end of a matrix. `weights` is [rows, in], row-major,
  // finite, of dtype F16, BF16 or F32 (little-endian, any alignment). `row_parts[i]` takes the units of the
  // i-th *row* part of Parts(): units.BytesOf(rows) bytes. Adds the errors of these rows to `stats`, of
  // which `first_row` is the first in the matrix. Deterministic: the same bytes on every CPU, for every
  // split into chunks of whole units.
  // With `feedback`, where it is not null, of FeedbackColumns(in) columns, later columns make good what earlier ones do
  // to the outputs; with the same feedback the bytes are as deterministic.
  // Throws Error{kNonFinite} ("row R, columns A..B: ...", R counted from `first_row`) for a value or
  // block the format cannot hold, Error{kUnsupported} for another dtype.
  virtual void EncodeRowsWith(const Feedback* feedback, DType dtype,
                              std::span<const std::byte> weights, uint64_t in, uint64_t first_row,
                              std::span<const std::span<std::byte>> row_parts,
                              ErrorStats& stats) const = 0;

  // The basis in which feedback works: that of the codes. Columns of a row of `in`, and one row
  // [in] in it [FeedbackColumns(in)]; the map is linear and changes no lengths.
  virtual uint64_t FeedbackColumns(uint64_t in) const noexcept = 0;
  virtual void ToFeedbackBasis(std::span<const float> row,
                               std::span<float> columns) const noexcept = 0;

  // Whether columns may be coded in any order: then those come first that errors cost most in. Not so for
  // codes that depend on each other; and where blocks are rotated all columns are alike.
  virtual bool takes_any_order() const noexcept { return false; }

  // Inverse: fills `weights` [rows, in] of `dtype` from the row parts of these rows, which begin with
  // a whole unit; of the last unit as many rows are taken as `weights` has room for. F16 and BF16 are
  // the float32 values rounded to nearest, ties to even. Corrupt codes decode to some finite or infinite
  // value or NaN, never to undefined behaviour.
  virtual void DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts,
                            uint64_t in, std::span<std::byte> weights) const = 0;

  // Without feedback, and the same of float32.
  void EncodeRowsFrom(DType dtype, std::span<const std::byte> weights, uint64_t in,
                      uint64_t first_row, std::span<const std::span<std::byte>> row_parts,
                      ErrorStats& stats) const {
    EncodeRowsWith(nullptr, dtype, weights, in, first_row, row_parts, stats);
  }
  void EncodeRows(std::span<const float> weights, uint64_t in, uint64_t first_row,
                  std::span<const std::span<std::byte>> row_parts, ErrorStats& stats) const {
    EncodeRowsFrom(DType::kF32, std::as_bytes(weights), in, first_row, row_parts, stats);
  }
  void DecodeRows(std::span<const std::span<const std::byte>> row_parts, uint64_t in,
                  std::span<float> weights) const {
    DecodeRowsTo(DType::kF32, row_parts, in, std::as_writable_bytes(weights));
  }

  // Stored bits for one weight of the shape, norms and padding included.
  double BitsPerWeight(MatrixShape shape) const;
};

// Adds to `stats` the errors of rows whose parts are coded, by decoding them.
void AddDecodedErrors(const Codec& codec, DType dtype, std::span<const std::byte> weights,
                      uint64_t in, std::span<const std::span<std::byte>> row_parts,
                      ErrorStats& stats);

// The scalar codec of `spec`: the executable form of docs/format.md and the judge of every faster
// implementation (kernels/cpu_backend.h). Throws Error{kUnsupported} or Error{kInvalidArgument} for
// parameters out of range.
std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec);

}  // namespace hlwq::codec
