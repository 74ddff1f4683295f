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
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// What identifies a codec and its parameters in a checkpoint; equal specs decode alike.
struct CodecSpec {
  std::string name = "hlwq";  // or "hlwq-t", the trellis codec, or "pack-quantized"
  int version = 1;
  int bits = 5;                       // bits stored for one weight, without multipliers
  std::string table = "lloyd-max";    // named table, or "custom" with `levels`
  std::vector<float> levels;          // 2^bits values for N(0,1), 2^(bits + 1) integers of hlwq-t,
                                      // 2^bits integers of pack-quantized; filled for every spec
                                      // that is stored
  std::string scale_rule = "search";  // how the encoder chose multipliers: "search" | "norm"; of
                                      // hlwq-t "fast" | "default" | "best", of pack-quantized
                                      // "mse" | "absmax" | "unknown" (only decoded)
  std::string bit_order = "msb";      // layout of the code stream, see bitpack.h:
                                      // "msb" | "lsb" | "half-nibble" | "plain"; "planes" of
                                      // hlwq-t; "lsb" | "lsb-words" of pack-quantized, int_words.h
  uint32_t block_size = 128;          // weights that are rotated together; 1: none
  uint32_t scale_group = 128;  // weights that share a multiplier; 0 (pack-quantized): a whole row
  DType scale_dtype = DType::kF16;  // of multipliers; F16, BF16 or F32 of pack-quantized
  bool operator==(const CodecSpec&) const = default;
};

nlohmann::json SpecToJson(const CodecSpec& spec);
// Throws Error{kInvalidData} naming the key that is missing or wrong.
CodecSpec SpecFromJson(const nlohmann::json& json);

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
// implementation (kernels/cpu_backend.h). Throws Error{kUnsupported} for an unknown name or
// version, Error{kInvalidArgument} for parameters out of range.
std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec);

inline constexpr std::string_view kHlwqCodec = "hlwq";
inline constexpr std::string_view kTrellisCodec = "hlwq-t";
// What compressed-tensors calls its integers with scales of groups (pack_quantized_codec.h).
inline constexpr std::string_view kPackQuantizedCodec = "pack-quantized";

// The names of the codecs of polar_state, the default first.
std::span<const std::string_view> CodecNames() noexcept;

// Whether other tools that read polar_state checkpoints know the codec of this spec.
bool IsPublished(const CodecSpec& spec) noexcept;

// The spec that a codec of this name, kPackQuantizedCodec included, has unless told otherwise,
// `levels` empty. Throws
// Error{kUnsupported} for an unknown name.
CodecSpec DefaultSpec(std::string_view name);

}  // namespace hlwq::codec
