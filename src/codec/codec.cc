#include "codec/codec.h"

#include "codec/block_errors.h"
#include "codec/float_rows.h"

namespace hlwq::codec {

double Codec::BitsPerWeight(MatrixShape shape) const {
  double bytes = 0;
  for (const Part& part : Parts(shape)) bytes += static_cast<double>(part.bytes);
  return 8 * bytes / (static_cast<double>(shape.out) * static_cast<double>(shape.in));
}

void AddDecodedErrors(const Codec& codec, DType dtype, std::span<const std::byte> weights,
                      uint64_t in, std::span<const std::span<std::byte>> row_parts,
                      ErrorStats& stats) {
  std::vector<float> wide(weights.size() / (BitsPerElement(dtype) / 8));
  std::vector<float> decoded(wide.size());
  ToFloatReference(dtype, weights, wide);
  const std::vector<std::span<const std::byte>> parts(row_parts.begin(), row_parts.end());
  codec.DecodeRows(parts, in, decoded);
  AddWeightErrors(wide, decoded, stats);
  stats.count += wide.size();
  for (const float weight : wide) stats.signal += double{weight} * weight;
}

}  // namespace hlwq::codec
