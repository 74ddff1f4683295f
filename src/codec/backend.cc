#include "codec/backend.h"

#include "codec/float_rows.h"

namespace hlwq::codec {
namespace {

class Reference final : public Backend {
 public:
  std::shared_ptr<const Codec> MakeCodec(const CodecSpec& spec) const override {
    return MakeReferenceCodec(spec);
  }
  void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) const override {
    ToFloatReference(dtype, in, out);
  }
  void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) const override {
    FromFloatReference(in, dtype, out);
  }
};

}  // namespace

const Backend& ReferenceBackend() {
  static const Reference backend;
  return backend;
}

std::shared_ptr<const Codec> SharingBackend::MakeCodec(const CodecSpec& spec) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [known, codec] : codecs_) {
    if (known == spec) return codec;
  }
  return codecs_.emplace_back(spec, backend_.MakeCodec(spec)).second;
}

void SharingBackend::ToFloat(DType dtype, std::span<const std::byte> in,
                             std::span<float> out) const {
  backend_.ToFloat(dtype, in, out);
}

void SharingBackend::FromFloat(std::span<const float> in, DType dtype,
                               std::span<std::byte> out) const {
  backend_.FromFloat(in, dtype, out);
}

}  // namespace hlwq::codec
