// hlwq dequantize and hlwq import: from any checkpoint to the plain one that transformers loads.
#include "convert/dequantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/views/fold_rotation.h"
#include "cli/checkpoint_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {
namespace {

std::optional<DType> DTypeOf(const Arguments& arguments) {
  const std::optional<std::string> name = arguments.FindText(flag::kDtype);
  if (!name) return std::nullopt;
  return *name == "f32" ? DType::kF32 : *name == "f16" ? DType::kF16 : DType::kBF16;
}

int WritePlain(const Arguments& arguments, std::string operation, checkpoint::Checkpoint source) {
  const bool is_folded = arguments.Text(flag::kRotation) == "folded";
  if (is_folded) checkpoint::FoldRotation(source, DefaultBackend());
  const std::filesystem::path destination = arguments.Operand("DST");
  ProgressPrinter progress(operation, arguments);
  convert::DequantizeOptions options;
  options.dtype = DTypeOf(arguments);
  options.operation = std::move(operation);
  options.is_folded = is_folded;
  options.output = OutputOptionsOf(arguments, progress);
  const convert::ConversionResult result =
      convert::Dequantize(source, destination, options, DefaultBackend());
  progress.Finish();
  PrintConversion(arguments, result, destination, RenderJob(result.job, destination));
  return 0;
}

}  // namespace

int RunDequantize(const Arguments& arguments) {
  return WritePlain(arguments, "dequantize", OpenSource(arguments, arguments.Operand("SRC")));
}

int RunImport(const Arguments& arguments) {
  const std::string path = arguments.Operand("SRC");
  checkpoint::Checkpoint source = OpenSource(arguments, path);
  if (source.format != checkpoint::Format::kGguf) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: want a GGUF file, got {}", path,
                                                         checkpoint::FormatName(source.format)));
  }
  return WritePlain(arguments, "import", std::move(source));
}

}  // namespace hlwq::cli
