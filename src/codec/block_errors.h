// What coding did to one block, as the codecs of blocks of 128 count it (docs/format.md, "Error
// figures").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/error_stats.h"
#include "codec/hadamard.h"

namespace hlwq::codec {

// Adds the errors of a padded block, measured on the weights that count.
void AddWeightErrors(std::span<const float> weights, std::span<const float> decoded,
                     ErrorStats& stats);

// Counts the codes and the normalised coordinates of a sampled block.
void CountSample(std::span<const float, kBlockSize> weights,
                 std::span<const uint8_t, kBlockSize> codes, ErrorStats& stats);

// The two halves of CountSample for codecs that neither rotate nor work on blocks of 128: coordinates
// are the values over their root mean square.
void CountCodes(std::span<const uint8_t> codes, ErrorStats& stats);
void CountCoordinates(std::span<const float> values, ErrorStats& stats);

// Throws Error{kNonFinite} for a block with a value that is not finite: names the first.
void RequireFinite(std::span<const float> weights, uint64_t row, uint64_t column);
// "row R, columns A..B" of a block that begins there.
std::string BlockPlace(std::span<const float> weights, uint64_t row, uint64_t column);

// Throws Error{kNonFinite} for a block, without its padding, that cannot be stored: names the first
// value that is not finite, else says that `limit` ("a norm below 65520, which fp16 can hold") was
// wanted and gives the norm.
[[noreturn]] void ThrowUnstorable(std::span<const float> weights, uint64_t row, uint64_t column,
                                  std::string_view limit);

}  // namespace hlwq::codec
