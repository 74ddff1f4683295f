// Which models `hlwq serve` serves, and what the API calls them.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace hlwq::cli {

struct NamedModel {
  std::string name;
  std::string path;  // as OpenModel takes it
};

// Those that DIR... and --models-dir name, in this order; of a folder of models all, by name. Throws
// Error{kInvalidArgument} where there are none, where two have one name, and for an --alias that would be
// the name of several; Error{kNotFound} for a folder of --models-dir without models.
std::vector<NamedModel> ModelsToServe(const Arguments& arguments);

}  // namespace hlwq::cli
