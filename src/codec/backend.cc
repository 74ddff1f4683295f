#include "codec/backend.h"

#include "codec/float_rows.h"

namespace hlwq::codec {
namespace {

class Reference final : public Backend {
 public:
  std::unique_ptr<const Codec> MakeCodec(const CodecSpec& spec) const override {
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

}  // namespace hlwq::codec
