// hlwq export: what other engines load.
#include "cli/verbs.h"
#include "cli/verbs/export_targets.h"

namespace hlwq::cli {

int RunExport(const Arguments& arguments) {
  return RequiredText(arguments, flag::kTo) == "gguf" ? ExportToGguf(arguments)
                                                      : ExportToCompressedTensors(arguments);
}

}  // namespace hlwq::cli
