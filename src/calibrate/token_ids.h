// Token ids as hlwq_calibration.json has them.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "calibrate/self_text.h"

namespace hlwq::calibrate {

// {"sequences": [[id, ..], ..]}, or the lists alone. Throws Error{kInvalidData} unless there are some, each of
// more than model::kShortSegment ids below `vocabulary`.
TokenSequences SequencesFromJson(const nlohmann::json& document, size_t vocabulary);

}  // namespace hlwq::calibrate
