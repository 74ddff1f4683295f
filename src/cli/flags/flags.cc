#include "cli/flags/flags.h"

#include <algorithm>

namespace hlwq::cli {

std::string_view CategoryTitle(Category category) noexcept {
  switch (category) {
    case Category::kCoding:
      return "Coding";
    case Category::kSelection:
      return "Which tensors";
    case Category::kInput:
      return "Input";
    case Category::kSampling:
      return "Answers";
    case Category::kOutput:
      return "Output";
    case Category::kRun:
      return "Running";
    case Category::kExperts:
      return "Experts";
    case Category::kGeneral:
      return "General";
  }
  return "General";
}

const Verb* CommandTable::FindVerb(std::string_view name) const noexcept {
  const auto found = std::ranges::find(verbs_, name, &Verb::name);
  return found == verbs_.end() ? nullptr : &*found;
}

std::vector<const Flag*> CommandTable::FlagsOf(const Verb& verb) const {
  std::vector<const Flag*> result;
  for (const Flag& flag : flags_) {
    if (flag.verbs.empty() || std::ranges::find(flag.verbs, verb.name) != flag.verbs.end()) {
      result.push_back(&flag);
    }
  }
  return result;
}

const CommandTable& HlwqCommands() {
  static const CommandTable table(HlwqVerbs(), HlwqFlags());
  return table;
}

}  // namespace hlwq::cli
