// From the words of the command line to a verb with checked arguments, or to a request for help.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/flags/flags.h"

namespace hlwq::cli {

struct CommandLine {
  enum class Action { kRun, kShortHelp, kLongHelp, kVersion };

  Action action = Action::kRun;
  const Verb* verb = nullptr;          // null: help about hlwq as a whole
  std::optional<Arguments> arguments;  // for kRun
};

// `words` are the arguments without the program's name. Accepted: --flag value, --flag=value, -f
// value, -fvalue, switches joined as -qx, "--" before operands that begin with a dash. A flag given
// twice takes the last value, a list all of them. Throws Error{kInvalidArgument}: one line, with
// the nearest known word where one is near. Reads nothing but `words`.
CommandLine ParseCommandLine(const CommandTable& table, std::span<const std::string_view> words);

}  // namespace hlwq::cli
