// The codecs of one conversion.
#pragma once

#include <map>
#include <memory>
#include <string_view>

#include "codec/backend.h"
#include "codec/codec.h"
#include "convert/recipe.h"

namespace hlwq::convert {

// One codec for each width that a recipe asks for: the job's spec with other bits. Borrows `backend`.
class CodecsByWidth {
 public:
  CodecsByWidth(codec::CodecSpec spec, const codec::Backend& backend)
      : spec_(std::move(spec)), backend_(backend) {}

  // @pre decision.bits > 0. Made once for a width. Throws as Backend::MakeCodec where the codec has no
  // such width, naming the tensor and what decided.
  const std::shared_ptr<const codec::Codec>& For(std::string_view tensor, const Decision& decision);

 private:
  codec::CodecSpec spec_;
  const codec::Backend& backend_;
  std::map<int, std::shared_ptr<const codec::Codec>> codecs_;
};

}  // namespace hlwq::convert
