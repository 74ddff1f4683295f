// The interface behind which every weight codec stands. Storing, streaming, resuming, verifying and
// reporting see a codec only through this header.
//
// A codec turns a matrix [out, in] into a few named parts, each a tensor of the output file. Parts
// come in two kinds: row parts hold the same number of bytes for every row, in row order, so rows
// can be coded in any order and in any chunks; constant parts depend on the shape alone (a shape
// record, say).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/codec_spec.h"
#include "codec/error_stats.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::codec {

// One stored tensor of a coded matrix.
struct Part {
  std::string suffix;  // appended to the matrix's name: "__packed"
  DType dtype = DType::kU8;
  Shape shape;
  uint64_t bytes = 0;
  uint64_t bytes_per_row = 0;            // 0: a constant part
  std::vector<std::byte> constant_data;  // the content of a constant part
};

// Immutable once made; all members may be called from any number of threads at once.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual const CodecSpec& spec() const noexcept = 0;

  // The parts of a matrix of this shape, in file order. Cost: independent of the size, except for
  // constant parts. Throws Error{kUnsupported} on a shape this codec cannot hold (overflow).
  virtual std::vector<Part> Parts(MatrixShape shape) const = 0;

  // Codes consecutive rows. `weights` is [rows, in], row-major, finite, of dtype F16, BF16 or F32
  // (little-endian, any alignment). `row_parts[i]` takes the rows of the i-th *row* part of Parts():
  // rows * bytes_per_row bytes. Adds the errors of these rows to `stats`. Deterministic: the same
  // bytes on every CPU, for every split into chunks.
  // Throws Error{kNonFinite} ("row R, columns A..B: ...", R counted from `first_row`) for a value or
  // block the format cannot hold, Error{kUnsupported} for another dtype.
  virtual void EncodeRowsFrom(DType dtype, std::span<const std::byte> weights, uint64_t in,
                              uint64_t first_row, std::span<const std::span<std::byte>> row_parts,
                              ErrorStats& stats) const = 0;

  // Inverse: fills `weights` [rows, in] of `dtype` from the same rows of the row parts; F16 and BF16
  // are the float32 values rounded to nearest, ties to even. Corrupt codes decode to some finite or
  // infinite value or NaN, never to undefined behaviour.
  virtual void DecodeRowsTo(DType dtype, std::span<const std::span<const std::byte>> row_parts,
                            uint64_t in, std::span<std::byte> weights) const = 0;

  // The same of float32.
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

// The scalar codec of `spec`: the executable form of docs/format.md and the judge of every faster
// implementation (kernels/cpu_backend.h). Throws Error{kUnsupported} or Error{kInvalidArgument} for
// parameters out of range.
std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec);

}  // namespace hlwq::codec
