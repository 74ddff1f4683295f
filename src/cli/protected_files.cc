#include "cli/protected_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hlwq::cli {
namespace {

namespace fs = std::filesystem;

bool IsSame(const fs::path& a, const fs::path& b) {
  std::error_code failure;
  return fs::equivalent(a, b, failure) && !failure;
}

// Whether `path` names a file of `folder`, at any depth.
bool IsIn(const fs::path& folder, const fs::path& path) {
  std::error_code failure;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    if (IsSame(entry->path(), path)) return true;
  }
  return false;
}

// Whether a model that is one file would take what it needs besides from a file of this name beside it.
bool IsPartOfModel(const fs::path& path) {
  constexpr std::array kExtensions = {".safetensors", ".gguf", ".json", ".jinja", ".model"};
  return std::ranges::find(kExtensions, path.extension()) != kExtensions.end();
}

void Check(const Arguments::Path& output, const fs::path& input) {
  const auto refuse = [&](std::string_view what, const fs::path& which) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("--{} {}: would replace {} {}", output.flag, output.path.string(), what,
                            which.string()));
  };
  std::error_code failure;
  if (fs::is_directory(input, failure)) {
    if (IsIn(input, output.path)) refuse("a file of the folder", input);
    return;
  }
  if (IsSame(output.path, input)) refuse("the input", input);
  const bool is_model = input.extension() == ".safetensors" || input.extension() == ".gguf";
  const fs::path beside = input.has_parent_path() ? input.parent_path() : fs::path(".");
  if (is_model && IsPartOfModel(output.path) &&
      IsSame(beside / output.path.filename(), output.path)) {
    refuse("a file beside the model", input);
  }
}

}  // namespace

void CheckOutputFiles(const Arguments& arguments) {
  const std::vector<Arguments::Path> paths = arguments.Paths();
  for (const Arguments::Path& output : paths) {
    std::error_code failure;
    if (!output.is_output || !fs::exists(output.path, failure)) continue;
    for (const Arguments::Path& input : paths) {
      if (&input != &output) Check(output, input.path);
    }
  }
}

}  // namespace hlwq::cli
