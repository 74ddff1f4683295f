#include "hub/cache.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "hub/headers.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxRefBytes = 256;
constexpr uint64_t kMaxIndexBytes = 256u << 20;
constexpr const char* kIndexName = "model.safetensors.index.json";

[[noreturn]] void Fail(const fs::path& path, std::string_view what, const std::error_code& why) {
  throw Error(ErrorCode::kIo, path.string() + ": " + std::string(what) + ": " + why.message());
}

void CreateFolders(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) Fail(path, "cannot create", failure);
}

void RenameOrThrow(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) Fail(to, "cannot rename into place", failure);
}

std::string FolderName(const std::string& repository) {
  std::string name = "models--" + repository;
  const size_t slash = name.find('/');
  return slash == name.npos ? name : name.replace(slash, 1, "--");
}

// "../../blobs/<etag>" from a file of the snapshot, one step more for each folder it is in.
fs::path LinkTarget(const CachedRepository::Link& link) {
  std::string target = "../../";
  for (const char c : link.path) {
    if (c == '/') target += "../";
  }
  return target + "blobs/" + link.etag;
}

void AddLinks(const fs::path& snapshot, const std::vector<CachedRepository::Link>& links) {
  for (const CachedRepository::Link& link : links) {
    const fs::path path = snapshot / link.path;
    CreateFolders(path.parent_path());
    std::error_code failure;
    if (fs::read_symlink(path, failure) == LinkTarget(link)) continue;
    // By renaming: whoever reads meanwhile sees the old file or the new one.
    const fs::path made = path.string() + ".tmp." + std::to_string(::getpid());
    fs::remove(made, failure);
    fs::create_symlink(LinkTarget(link), made, failure);
    if (failure) Fail(path, "cannot link", failure);
    RenameOrThrow(made, path);
  }
}

}  // namespace

CachedRepository::CachedRepository(const fs::path& cache, const std::string& repository)
    : folder_(cache / FolderName(repository)) {}

std::optional<std::string> CachedRepository::FindCommit(const std::string& revision) const {
  if (IsCommit(revision)) return revision;
  const fs::path ref = folder_ / "refs" / revision;
  std::error_code failure;
  if (!fs::is_regular_file(ref, failure)) return std::nullopt;
  std::string commit = ReadSmallFile(ref, kMaxRefBytes);
  while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r')) commit.pop_back();
  return IsCommit(commit) ? std::optional(commit) : std::nullopt;
}

bool CachedRepository::IsWhole(const std::string& commit) const {
  const fs::path snapshot = SnapshotFolder(commit);
  std::error_code failure;
  const auto is_there = [&](const fs::path& path) { return fs::is_regular_file(path, failure); };
  bool has_weights = false, has_gguf = false;
  for (fs::directory_iterator it(snapshot, failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->is_directory()) continue;
    if (!is_there(it->path())) return false;
    const fs::path extension = it->path().extension();
    has_weights |= extension == ".safetensors";
    has_gguf |= extension == ".gguf";
  }
  if (!has_weights) return has_gguf;
  if (!is_there(snapshot / "config.json")) return false;
  if (!is_there(snapshot / kIndexName)) return true;
  const nlohmann::json index = ReadJsonFile(snapshot / kIndexName, kMaxIndexBytes);
  std::set<std::string> names;
  if (!index.is_object() || !index.contains("weight_map")) return false;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string() || !IsSafePath(file.get<std::string>())) return false;
    names.insert(file.get<std::string>());
  }
  for (const std::string& name : names) {
    if (!is_there(snapshot / name)) return false;
  }
  return true;
}

void CachedRepository::Publish(const std::string& commit, const std::string& revision,
                               const std::vector<Link>& links) const {
  const fs::path snapshot = SnapshotFolder(commit);
  std::error_code failure;
  if (fs::exists(snapshot, failure)) {
    AddLinks(snapshot, links);
  } else {
    const fs::path made = snapshot.string() + ".tmp." + std::to_string(::getpid());
    fs::remove_all(made, failure);
    CreateFolders(made);
    AddLinks(made, links);
    fs::rename(made, snapshot, failure);
    if (failure) {  // another process was faster
      AddLinks(snapshot, links);
      fs::remove_all(made, failure);
    }
  }
  if (revision == commit) return;
  const fs::path ref = folder_ / "refs" / revision;
  CreateFolders(ref.parent_path());
  WriteFileAtomically(ref, commit);
}

std::optional<fs::path> FindInCache(const fs::path& cache, const Reference& reference) {
  const CachedRepository repository(cache, reference.repository);
  const auto commit = repository.FindCommit(reference.revision);
  if (!commit) return std::nullopt;
  const fs::path snapshot = repository.SnapshotFolder(*commit);
  std::error_code failure;
  if (!reference.file.empty()) {
    const fs::path file = snapshot / reference.file;
    return fs::is_regular_file(file, failure) ? std::optional(file) : std::nullopt;
  }
  return repository.IsWhole(*commit) ? std::optional(snapshot) : std::nullopt;
}

}  // namespace hlwq::hub
