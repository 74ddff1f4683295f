// hlwq download: a repository of the Hub into the cache that the Hub's own tools use.
#include "hub/download.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/number_text.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

hub::Reference ReferenceOf(const Arguments& arguments) {
  hub::Reference reference = hub::ParseReference(arguments.Operand("ORG/NAME"));
  if (const auto revision = arguments.FindText(flag::kRevision)) {
    hub::CheckRevision(*revision);
    reference.revision = *revision;
  }
  return reference;
}

nlohmann::json ToJson(const hub::Reference& reference, const hub::DownloadResult& result,
                      double seconds) {
  nlohmann::json files = nlohmann::json::array();
  for (const hub::FileInfo& file : result.files) {
    files.push_back({{"path", file.path}, {"bytes", file.size_bytes}, {"etag", file.etag}});
  }
  return {{"repository", reference.repository},
          {"revision", reference.revision},
          {"commit", result.commit},
          {"folder", result.folder.string()},
          {"files", std::move(files)},
          {"bytes", result.bytes},
          {"received_bytes", result.received_bytes},
          {"present_bytes", result.present_bytes},
          {"seconds", seconds}};
}

}  // namespace

int RunDownload(const Arguments& arguments) {
  const hub::Reference reference = ReferenceOf(arguments);
  const hub::Settings settings = hub::SettingsFromEnvironment();
  if (settings.is_offline) {
    throw Error(ErrorCode::kInvalidArgument, "HF_HUB_OFFLINE is set: nothing can be downloaded");
  }
  ProgressPrinter progress("download", arguments, "files");
  hub::DownloadOptions options;
  options.include = arguments.List(flag::kInclude);
  if (!reference.file.empty()) options.include.push_back(reference.file);
  options.progress = progress.Callback();
  const hub::HttpClient client({.endpoint = settings.endpoint, .token = settings.token});
  const hub::Repository repository(client, settings, reference);
  const hub::DownloadResult result = hub::Download(client, repository, settings, options);
  progress.Finish();
  if (arguments.json()) {
    PrintJson(ToJson(reference, result, progress.ElapsedSeconds()));
    return 0;
  }
  const std::string present =
      result.present_bytes == 0 ? ""
                                : fmt::format(", {} were there", FormatBytes(result.present_bytes));
  PrintSummary(
      arguments,
      fmt::format("{} files, {} received in {}{}\n{}\n", FormatCount(result.files.size()),
                  FormatBytes(result.received_bytes), FormatDuration(progress.ElapsedSeconds()),
                  present, result.folder.string()));
  return 0;
}

}  // namespace hlwq::cli
