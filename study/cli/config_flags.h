// The flags that choose a configuration.
#pragma once

#include <optional>

#include "study/cli/arguments.h"
#include "study/config/config.h"

namespace hlwq::study {

inline constexpr Flag kPresetFlag = {"preset", "NAME", "paper, honest, laptop or smoke"};
inline constexpr Flag kConfigFlag = {"config", "FILE", "a configuration of your own (JSON)"};

// Nothing where neither was given. Throws Error{kInvalidArgument} where both were.
std::optional<StudyConfig> ConfigOf(const Arguments& arguments);

}  // namespace hlwq::study
