#include "tensor/shape.h"

#include "base/checked.h"

namespace hlwq {

std::optional<uint64_t> ElementCount(const Shape& shape) noexcept {
  uint64_t count = 1;
  for (const uint64_t axis : shape) {
    if (axis == 0) return 0;  // an empty tensor, whatever the other axes say
  }
  for (const uint64_t axis : shape) {
    const auto product = CheckedMul(count, axis);
    if (!product) return std::nullopt;
    count = *product;
  }
  return count;
}

std::optional<uint64_t> TensorBytes(DType dtype, const Shape& shape) noexcept {
  const auto count = ElementCount(shape);
  if (!count) return std::nullopt;
  const auto bits = CheckedMul<uint64_t>(*count, BitsPerElement(dtype));
  if (!bits || *bits % 8 != 0) return std::nullopt;
  return *bits / 8;
}

std::string ShapeToString(const Shape& shape) {
  std::string text = "[";
  for (const uint64_t axis : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(axis);
  }
  return text + "]";
}

}  // namespace hlwq
