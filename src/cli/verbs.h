// The verbs, one function and one file each (verbs/<verb>.cc). Each returns the exit code and
// throws Error.
#pragma once

#include "cli/arguments.h"

namespace hlwq::cli {

int RunHelp(const Arguments& arguments);

}  // namespace hlwq::cli
