#include "study/cli/config_flags.h"

#include "base/error.h"

namespace hlwq::study {

std::optional<StudyConfig> ConfigOf(const Arguments& arguments) {
  if (arguments.Has("preset") && arguments.Has("config")) {
    throw Error(ErrorCode::kInvalidArgument, "want one of --preset and --config, got both");
  }
  if (const auto name = arguments.Text("preset")) return Preset(*name);
  if (const auto path = arguments.Text("config")) return ReadConfig(*path);
  return std::nullopt;
}

}  // namespace hlwq::study
