#include <fmt/format.h>

#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/net/export.h"
#include "study/training/checkpoint.h"

namespace hlwq::study {
namespace {

int RunExport(const Arguments& arguments) {
  const LoadedNet loaded = LoadNet(arguments.operand());
  const std::filesystem::path folder = arguments.RequiredText("to");
  const std::filesystem::path tokenizer = arguments.RequiredText("corpus");
  ExportLlama(loaded.net, loaded.run.start, tokenizer, folder);
  fmt::print("{}: {} parameters of {}, seed {}, step {}\n", folder.string(),
             loaded.net.ParameterCount(), loaded.arm.name, loaded.run.seed, loaded.state.step);
  return 0;
}

}  // namespace

Verb ExportVerb() {
  return {.name = "export",
          .operand = "CHECKPOINT",
          .help = "writes an autoregressive net as a Llama folder, for hlwq and others",
          .flags = {{"to", "DIR", "the folder to write"},
                    {"corpus", "CORPUS", "whose tokenizer it takes"}},
          .run = RunExport};
}

}  // namespace hlwq::study
