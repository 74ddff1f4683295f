// Outputs of a command never take the place of what it reads.
#pragma once

#include "cli/arguments.h"

namespace hlwq::cli {

// Throws Error{kInvalidArgument} where the file that an output flag names is one that the command reads,
// or one of a folder that it reads or makes: by any path or link, and whether it would be read or
// not. Cost: a look at each file of these folders, where an output exists already.
void CheckOutputFiles(const Arguments& arguments);

}  // namespace hlwq::cli
