#include "convert/codecs_by_width.h"

#include <fmt/format.h>

#include "base/error.h"

namespace hlwq::convert {

const std::shared_ptr<const codec::Codec>& CodecsByWidth::For(std::string_view tensor,
                                                              const Decision& decision) {
  std::shared_ptr<const codec::Codec>& codec = codecs_[decision.bits];
  if (!codec) {
    codec::CodecSpec spec = spec_;
    spec.bits = decision.bits;
    codec = WithContext(fmt::format("'{}' ({})", tensor, decision.reason),
                        [&] { return backend_.MakeCodec(spec); });
  }
  return codec;
}

}  // namespace hlwq::convert
