// hlwq inspect: what a checkpoint is, from its headers; one tensor of it, from its values.
#include "eval/inspect.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {

int RunInspect(const Arguments& arguments) {
  const std::filesystem::path path = arguments.Operand("PATH");
  const checkpoint::Checkpoint checkpoint = OpenSource(arguments, path.string());
  std::optional<checkpoint::Manifest> manifest;
  if (std::filesystem::is_directory(path)) manifest = checkpoint::ReadManifest(path);

  if (const auto name = arguments.FindText(flag::kTensor)) {
    const report::TensorDetail detail =
        eval::InspectTensor(checkpoint, manifest, *name, DefaultBackend());
    if (arguments.json()) {
      PrintJson(report::TensorDetailToJson(detail));
    } else {
      Stream::Out().Write(report::TensorDetailToText(detail, LayoutFor(Stream::Out())));
    }
    return 0;
  }
  const report::InspectResult result = eval::Inspect(checkpoint, manifest);
  if (arguments.json()) {
    PrintJson(report::InspectToJson(result));
  } else {
    Stream::Out().Write(
        report::InspectToText(result, !arguments.quiet(), LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
