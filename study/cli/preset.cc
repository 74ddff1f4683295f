#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "study/cli/verbs.h"
#include "study/config/config.h"

namespace hlwq::study {
namespace {

int RunPreset(const Arguments& arguments) {
  const std::string text = DumpJson(ToJson(Preset(arguments.operand().string())));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

Verb PresetVerb() {
  return {.name = "preset",
          .operand = "NAME",
          .help = "prints a configuration to begin with: paper, honest, laptop or smoke",
          .run = RunPreset};
}

}  // namespace hlwq::study
