// hlwq export: what other engines load.
#include "cli/verbs.h"
#include "cli/verbs/export_targets.h"

namespace hlwq::cli {

int RunExport(const Arguments& arguments) {
  RequiredText(arguments, "to");  // the one choice so far
  return ExportToCompressedTensors(arguments);
}

}  // namespace hlwq::cli
