// Shell completions generated from the command table.
#pragma once

#include <string>
#include <string_view>

#include "cli/flags/flags.h"

namespace hlwq::cli {

// A script for "bash", "zsh" or "fish". Throws Error{kInvalidArgument} for another shell.
std::string RenderCompletions(const CommandTable& table, std::string_view shell);

}  // namespace hlwq::cli
