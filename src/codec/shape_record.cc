#include "codec/shape_record.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "codec/hadamard.h"

namespace hlwq::codec {

Part ShapeRecord(const char* codec, std::string suffix, MatrixShape shape) {
  const uint64_t n_blocks = CeilDiv<uint64_t>(shape.in, kBlockSize);
  const auto blocks = CheckedMul(shape.out, n_blocks);
  const auto codes = blocks ? CheckedMul<uint64_t>(*blocks, kBlockSize) : std::nullopt;
  if (shape.in == 0 || !codes || *codes > uint64_t{INT64_MAX}) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("codec {}: no room for a matrix [{}, {}]", codec, shape.out, shape.in));
  }
  const std::array<uint64_t, 5> record = {shape.out, n_blocks, kBlockSize, *codes, shape.in};
  Part part;
  part.suffix = std::move(suffix);
  part.dtype = DType::kI64;
  part.shape = {record.size()};
  part.bytes = sizeof(record);
  part.constant_data.resize(sizeof(record));
  std::memcpy(part.constant_data.data(), record.data(), sizeof(record));
  return part;
}

}  // namespace hlwq::codec
