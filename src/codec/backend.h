// Which implementation of the arithmetic a caller wants: the scalar reference or the vector kernels
// (kernels/cpu_backend.h). Boxes below kernels take a Backend instead of naming one.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "codec/codec.h"
#include "tensor/dtype.h"

namespace hlwq::codec {

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::unique_ptr<const Codec> MakeCodec(const CodecSpec& spec) const = 0;
  // Dense F16, BF16 or F32 to float32; exact. `in` holds out.size() elements.
  virtual void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const = 0;
  // float32 to F16, BF16 or F32, to nearest, ties to even.
  virtual void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) const = 0;
};

const Backend& ReferenceBackend();

}  // namespace hlwq::codec
