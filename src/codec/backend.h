// Which implementation of the arithmetic a caller wants: the scalar reference or the vector kernels
// (kernels/cpu_backend.h). Boxes below kernels take a Backend instead of naming one.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "codec/codec.h"
#include "tensor/dtype.h"

namespace hlwq::codec {

class Backend {
 public:
  virtual ~Backend() = default;

  // Tables are made anew for every codec; SharingBackend keeps them.
  virtual std::shared_ptr<const Codec> MakeCodec(const CodecSpec& spec) const = 0;
  // Dense F16, BF16 or F32 to float32; exact. `in` holds out.size() elements.
  virtual void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const = 0;
  // float32 to F16, BF16 or F32, to nearest, ties to even.
  virtual void FromFloat(std::span<const float> in, DType dtype,
                         std::span<std::byte> out) const = 0;
};

const Backend& ReferenceBackend();

// Another backend that makes each codec once, for jobs over thousands of tensors of one spec. Borrows
// `backend`. Thread: safe.
class SharingBackend final : public Backend {
 public:
  explicit SharingBackend(const Backend& backend) : backend_(backend) {}

  std::shared_ptr<const Codec> MakeCodec(const CodecSpec& spec) const override;
  void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const override;
  void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) const override;

 private:
  const Backend& backend_;
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<CodecSpec, std::shared_ptr<const Codec>>> codecs_;  // few
};

}  // namespace hlwq::codec
