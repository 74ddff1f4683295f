#include "codec/codec.h"

namespace hlwq::codec {

double Codec::BitsPerWeight(MatrixShape shape) const {
  double bytes = 0;
  for (const Part& part : Parts(shape)) bytes += static_cast<double>(part.bytes);
  return 8 * bytes / (static_cast<double>(shape.out) * static_cast<double>(shape.in));
}

}  // namespace hlwq::codec
