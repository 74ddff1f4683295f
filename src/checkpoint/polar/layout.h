// The shape and code width of a published matrix, from what its tensors' sizes and `__meta` say
// (docs/format-polar-state.md, P.5). Pure arithmetic: no files, no tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/bitpack.h"
#include "tensor/shape.h"

namespace hlwq::checkpoint {

// What a file says about one matrix; the optional parts may be absent.
struct MatrixEvidence {
  uint64_t code_bytes = 0;    // size of `__packed` or `codes`
  Shape norms_shape;          // [out, n_blocks], or flat
  std::vector<int64_t> meta;  // content of `__meta`
  uint32_t block_size = 128;
  std::optional<int> bits;              // recorded in polar_config.json, or by the table's length
  std::string bits_source;              // who recorded them, for messages
  std::optional<uint64_t> in_features;  // recorded in polar_config.json
  std::optional<uint64_t> out_features;
};

struct MatrixLayout {
  MatrixShape shape;      // padding cut off
  uint64_t n_blocks = 0;  // in a row
  int bits = 0;           // 1..8
  codec::BitOrder bit_order = codec::BitOrder::kMsb;
  bool operator==(const MatrixLayout&) const = default;
};

// `__packed` / `__norms` / `__meta`. The readings of `__meta` are [out, n_blocks, block, codes,
// in], the same without `in`, and [bits, in_padded, ...]; codes are an MSB-first stream, or one
// byte each for 1 and 7 bits. Every combination is tried against the sizes and the records. Throws
// Error{kInvalidData} when none fits (saying why) or when more than one does (naming them).
MatrixLayout SolvePacked(const MatrixEvidence& evidence);

// How legacy codes are packed, where polar_config.json says so.
enum class LegacyPacking { kUnrecorded, kPlain, kHalfNibble, kLsb5 };

// `.codes` / `__codes`: norms are [out, n_blocks], `bits` is required, and the packing follows from
// the size; a recorded one must agree with it. Throws Error{kInvalidData}.
MatrixLayout SolveCodes(const MatrixEvidence& evidence, LegacyPacking recorded);

}  // namespace hlwq::checkpoint
