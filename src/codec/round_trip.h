// What coding does to weights.
#pragma once

#include <cstdint>
#include <span>

#include "codec/codec.h"
#include "codec/feedback.h"

namespace hlwq::codec {

// Rows [rows, in] from `first_row` of a matrix on become what is decoded of their codes, made with `feedback` where
// it is not null. Throws as Codec::EncodeRowsWith.
void RoundTripRows(const Codec& codec, const Feedback* feedback, uint64_t first_row, uint64_t in,
                   std::span<float> weights);

}  // namespace hlwq::codec
