// The formats of hlwq export, one function each. They return the exit code.
#pragma once

#include "cli/arguments.h"

namespace hlwq::cli {

int ExportToCompressedTensors(const Arguments& arguments);
int ExportToGguf(const Arguments& arguments);

}  // namespace hlwq::cli
