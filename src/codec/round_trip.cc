#include "codec/round_trip.h"

#include <vector>

namespace hlwq::codec {

void RoundTripRows(const Codec& codec, const Feedback* feedback, uint64_t first_row, uint64_t in,
                   std::span<float> weights) {
  const uint64_t rows = weights.size() / in;
  std::vector<std::vector<std::byte>> parts;
  for (const Part& part : codec.Parts({.out = rows, .in = in})) {
    if (!part.is_constant()) parts.emplace_back(part.units.BytesOf(rows));
  }
  const std::vector<std::span<std::byte>> coded(parts.begin(), parts.end());
  ErrorStats unused;
  codec.EncodeRowsWith(feedback, DType::kF32, std::as_bytes(weights), in, first_row, coded, unused);
  codec.DecodeRows(std::vector<std::span<const std::byte>>(parts.begin(), parts.end()), in,
                   weights);
}

}  // namespace hlwq::codec
