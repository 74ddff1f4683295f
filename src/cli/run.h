// The program behind main().
#pragma once

#include <span>
#include <string_view>

#include "cli/flags/flags.h"

namespace hlwq::cli {

// Parses, runs the verb, prints errors; returns the exit code. Nothing is thrown.
int RunCommandLine(const CommandTable& table, std::span<const std::string_view> words) noexcept;

}  // namespace hlwq::cli
