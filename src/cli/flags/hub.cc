// The flags of download.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {

std::vector<Flag> HubFlags() {
  return {
      {.id = flag::kRevision,
       .value_name = "REVISION",
       .category = Category::kInput,
       .verbs = {"download"},
       .summary = "A branch, a tag or a commit; main when not given",
       .details = "ORG/NAME@REVISION says the same."},
      {.id = flag::kInclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"download"},
       .summary = "Fetch only files whose path matches",
       .details = "* stands for any text, ? for one character, [a-z] for one of a set, as in "
                  "'*.safetensors'. May be given several times."},
  };
}

}  // namespace hlwq::cli
