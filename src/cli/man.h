// The man page, hlwq(1).
#pragma once

#include <string>

#include "cli/flags/flags.h"

namespace hlwq::cli {

// The whole command table as roff source for man(7).
std::string RenderManPage(const CommandTable& table);

}  // namespace hlwq::cli
