#include "cli/checkpoint_source.h"

#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "cli/output.h"
#include "hub/cache.h"
#include "hub/remote_folder.h"

namespace hlwq::cli {
namespace {

[[noreturn]] void NotHere(const hub::Reference& reference, const hub::Settings& settings,
                          std::string_view why) {
  const std::string revision =
      reference.revision == "main" ? "" : fmt::format(" --revision {}", reference.revision);
  throw Error(
      ErrorCode::kNotFound,
      fmt::format("{}: want it whole in {}, where it is not{}: hlwq download {}{}",
                  reference.Place(), settings.cache.string(), why, reference.repository, revision));
}

}  // namespace

checkpoint::Checkpoint OpenSource(const Arguments& arguments, const std::string& operand) {
  if (!hub::IsReference(operand)) return checkpoint::OpenCheckpoint(operand);
  const hub::Reference reference = hub::ParseReference(operand);
  const hub::Settings settings = hub::SettingsFromEnvironment();
  if (const auto cached = hub::FindInCache(settings.cache, reference)) {
    checkpoint::Checkpoint checkpoint = checkpoint::OpenCheckpoint(*cached);
    checkpoint.root = std::filesystem::path(reference.Place()) / reference.file;
    if (reference.file.empty()) checkpoint.root = reference.Place();
    return checkpoint;
  }
  if (settings.is_offline) NotHere(reference, settings, ", and HF_HUB_OFFLINE is set");
  const auto folder = std::make_shared<const hub::RemoteFolder>(
      hub::HttpOptions{.endpoint = settings.endpoint, .token = settings.token}, settings,
      reference);
  PrintNote(arguments, fmt::format("{}: read from the Hub at commit {}, not stored",
                                   reference.Place(), folder->commit()));
  return reference.file.empty() ? checkpoint::OpenCheckpoint(folder)
                                : checkpoint::OpenCheckpoint(folder->Open(reference.file));
}

std::filesystem::path LocalSource(const std::string& operand) {
  if (!hub::IsReference(operand)) return operand;
  const hub::Reference reference = hub::ParseReference(operand);
  const hub::Settings settings = hub::SettingsFromEnvironment();
  if (const auto cached = hub::FindInCache(settings.cache, reference)) return *cached;
  NotHere(reference, settings, "");
}

}  // namespace hlwq::cli
