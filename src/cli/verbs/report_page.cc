#include "cli/verbs/report_page.h"

#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "hlwq/version.h"
#include "report/pages/tensor_page.h"

namespace hlwq::cli {
namespace {

// The levels of each width that was used.
std::map<int, std::vector<float>> LevelsOf(const codec::CodecSpec& spec,
                                           const convert::ConversionResult& result) {
  std::map<int, std::vector<float>> levels;
  for (const checkpoint::TensorReport& report : result.job.manifest.reports) {
    if (!report.is_quantized || levels.contains(report.bits)) continue;
    codec::CodecSpec used = spec;
    used.bits = report.bits;
    levels[report.bits] = codec::MakeReferenceCodec(used)->spec().levels;
  }
  return levels;
}

}  // namespace

std::string LastName(const std::filesystem::path& path) {
  const std::filesystem::path normal = path.lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

void CheckPagePath(const std::filesystem::path& page) {
  if (std::filesystem::is_directory(page)) {
    throw Error(ErrorCode::kInvalidArgument,
                page.string() + ": want a file for the report, got a folder");
  }
  const std::filesystem::path folder = std::filesystem::absolute(page).parent_path();
  if (!std::filesystem::is_directory(folder)) {
    throw Error(ErrorCode::kNotFound,
                folder.string() + ": no such folder to write the report into");
  }
}

void WriteCodingPage(const std::filesystem::path& page, const std::filesystem::path& source,
                     const std::filesystem::path& destination, const codec::CodecSpec& spec,
                     const convert::ConversionResult& result) {
  report::TensorPageInput input;
  input.title = LastName(source);
  input.source = LastName(source);
  input.destination = LastName(destination);
  input.SetCodec(spec);
  input.levels = LevelsOf(spec, result);
  input.bytes_after = result.job.output_bytes;
  input.seconds = result.job.seconds;
  input.tool_version = kVersion;
  input.notes = result.notes;
  input.tensors = result.job.manifest.reports;
  WriteFileAtomically(page, report::RenderTensorPage(input));
}

}  // namespace hlwq::cli
