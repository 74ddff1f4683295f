#include "codec/float_rows.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "tensor/float16.h"

static_assert(std::endian::native == std::endian::little, "files and buffers are little-endian");

namespace hlwq::codec {
namespace {

template <typename Convert>
void WidenAll(std::span<const std::byte> in, std::span<float> out, Convert convert) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, in.data() + 2 * i, 2);
    out[i] = convert(bits);
  }
}

template <typename Convert>
void NarrowAll(std::span<const float> in, std::span<std::byte> out, Convert convert) {
  for (size_t i = 0; i < in.size(); ++i) {
    const uint16_t bits = convert(in[i]);
    std::memcpy(out.data() + 2 * i, &bits, 2);
  }
}

}  // namespace

void CheckWeightFloat(DType dtype) {
  if (!IsWeightFloat(dtype)) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("want F16, BF16 or F32, got {}", DTypeName(dtype)));
  }
}

void ToFloatReference(DType dtype, std::span<const std::byte> in, std::span<float> out) {
  CheckWeightFloat(dtype);
  HLWQ_DASSERT(in.size() == out.size() * BitsPerElement(dtype) / 8);
  switch (dtype) {
    case DType::kF16:
      WidenAll(in, out, F16ToF32);
      break;
    case DType::kBF16:
      WidenAll(in, out, BF16ToF32);
      break;
    default:
      if (!in.empty()) std::memcpy(out.data(), in.data(), in.size());
  }
}

void FromFloatReference(std::span<const float> in, DType dtype, std::span<std::byte> out) {
  CheckWeightFloat(dtype);
  HLWQ_DASSERT(out.size() == in.size() * BitsPerElement(dtype) / 8);
  switch (dtype) {
    case DType::kF16:
      NarrowAll(in, out, F32ToF16);
      break;
    case DType::kBF16:
      NarrowAll(in, out, F32ToBF16);
      break;
    default:
      if (!out.empty()) std::memcpy(out.data(), in.data(), out.size());
  }
}

}  // namespace hlwq::codec
