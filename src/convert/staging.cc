#include "convert/staging.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>

#include "base/error.h"
#include "checkpoint/manifest.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartialSuffix = ".partial";

[[noreturn]] void Refuse(ErrorCode code, const fs::path& path, std::string_view what) {
  throw Error(code, path.string() + ": " + std::string(what));
}

// True when `inner` is `outer` or lies below it.
bool Contains(const fs::path& outer, const fs::path& inner) {
  const auto mismatch = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return mismatch.first == outer.end();
}

fs::path Canonical(const fs::path& path) {
  if (path.empty()) throw Error(ErrorCode::kInvalidArgument, "want a folder to write into, got ''");
  std::error_code failure;
  fs::path canonical = fs::absolute(path, failure);
  if (!failure) canonical = fs::weakly_canonical(canonical, failure);
  if (failure) Refuse(ErrorCode::kIo, path, "cannot resolve: " + failure.message());
  return canonical.has_filename() ? canonical : canonical.parent_path();
}

// Overwriting must never take away what cannot be made again.
void CheckReplaceable(const fs::path& destination) {
  if (fs::exists(destination / checkpoint::kManifestFileName)) return;
  Refuse(ErrorCode::kAlreadyExists, destination,
         "holds files that hlwq did not write; remove it yourself to replace it");
}

void RenameOrThrow(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) Refuse(ErrorCode::kIo, to, "cannot rename into place: " + failure.message());
}

}  // namespace

fs::path StagingFolder(const fs::path& destination) {
  fs::path folder = Canonical(destination);
  folder += kPartialSuffix;
  return folder;
}

Staging::Staging(fs::path destination, const checkpoint::Checkpoint& source,
                 DestinationOptions options)
    : destination_(Canonical(destination)), folder_(StagingFolder(destination)), options_(options) {
  const fs::path parent = destination_.parent_path();
  std::error_code failure;
  if (!fs::is_directory(parent, failure)) {
    Refuse(ErrorCode::kNotFound, parent, "no such folder to write into");
  }
  const bool holds_source =
      !source.is_remote() &&
      ((!source.root.empty() && Contains(destination_, Canonical(source.root))) ||
       std::any_of(source.files.begin(), source.files.end(), [&](const File& file) {
         return Contains(destination_, Canonical(file.path()));
       }));
  if (holds_source) Refuse(ErrorCode::kInvalidArgument, destination_, "is or holds the source");
  has_unfinished_ = fs::exists(fs::symlink_status(folder_, failure));
  if (has_unfinished_ && !IsOwnFolder()) {
    Refuse(ErrorCode::kAlreadyExists, folder_, "is needed for the work and was not left by hlwq");
  }
  if (has_unfinished_ && !options.resume && !options.overwrite) {
    Refuse(ErrorCode::kAlreadyExists, folder_,
           "is left from an unfinished run; --resume continues it, --overwrite starts anew");
  }
}

void Staging::RequireFreeDestination() {
  std::error_code failure;
  if (!fs::exists(fs::symlink_status(destination_, failure))) return;
  if (!fs::is_directory(destination_, failure)) {
    Refuse(ErrorCode::kAlreadyExists, destination_, "want a folder, got a file");
  }
  if (fs::is_empty(destination_, failure)) return;
  if (!options_.overwrite) {
    Refuse(ErrorCode::kAlreadyExists, destination_, "exists; --overwrite replaces it");
  }
  CheckReplaceable(destination_);
  replaces_destination_ = true;
}

// A run begins its folder with the journal and ends it with the manifest; Discard removes these two
// last. Killed between creating the folder and the journal, it leaves nothing in it.
bool Staging::IsOwnFolder() const {
  std::error_code failure;
  if (!fs::is_directory(fs::symlink_status(folder_, failure))) return false;
  return fs::is_empty(folder_, failure) || fs::exists(journal_path(), failure) ||
         fs::exists(folder_ / checkpoint::kManifestFileName, failure);
}

void Staging::Create() {
  if (has_unfinished_) DiscardUnused();
  std::error_code failure;
  fs::create_directory(folder_, failure);
  if (failure) Refuse(ErrorCode::kIo, folder_, "cannot create: " + failure.message());
}

void Staging::RemoveLeftovers(const OutputLayout& layout) const {
  std::set<fs::path> keep = {journal_path()};
  for (const OutputShard& shard : layout.shards()) {
    keep.insert(folder_ / shard.file_name);
    keep.insert(folder_ / (shard.file_name + kPartialSuffix));
  }
  std::vector<fs::path> leftovers;
  std::error_code failure;
  for (fs::directory_iterator it(folder_, failure), end; !failure && it != end;
       it.increment(failure)) {
    if (!keep.contains(it->path())) leftovers.push_back(it->path());
  }
  for (const fs::path& path : leftovers) {
    if (!failure) fs::remove_all(path, failure);
  }
  if (failure) Refuse(ErrorCode::kIo, folder_, "cannot tidy up: " + failure.message());
}

std::vector<File> Staging::OpenShards(const OutputLayout& layout) const {
  std::vector<File> files;
  for (const OutputShard& shard : layout.shards()) {
    const fs::path final_path = folder_ / shard.file_name;
    const fs::path partial_path = final_path.string() + kPartialSuffix;
    // A job that was killed while publishing has renamed some shards already.
    if (fs::exists(final_path)) RenameOrThrow(final_path, partial_path);
    File file = File::OpenForWrite(partial_path);
    file.Allocate(shard.file_bytes);
    file.WriteAt(0, std::as_bytes(std::span(shard.header)));
    files.push_back(std::move(file));
  }
  return files;
}

void Staging::Publish(const OutputLayout& layout, std::span<const File> shards) {
  for (size_t shard = 0; shard < shards.size(); ++shard) {
    shards[shard].Sync();
    const fs::path final_path = folder_ / layout.shards()[shard].file_name;
    RenameOrThrow(final_path.string() + kPartialSuffix, final_path);
  }
  std::error_code failure;
  fs::remove(journal_path(), failure);
  if (failure) Refuse(ErrorCode::kIo, journal_path(), "cannot remove: " + failure.message());
  PublishFolder();
}

void Staging::PublishFolder() {
  SyncDirectory(folder_);
  if (replaces_destination_) {
    // One system call swaps the two, so DST is never absent.
    if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, destination_.c_str(), RENAME_EXCHANGE) !=
        0) {
      Refuse(ErrorCode::kIo, destination_, "cannot replace: " + SystemReason(errno));
    }
    SyncDirectory(destination_.parent_path());
    Discard();
  } else {
    RenameOrThrow(folder_, destination_);
    SyncDirectory(destination_.parent_path());
  }
}

void Staging::Discard() noexcept {
  std::error_code ignored;
  // What marks the folder as one of hlwq's goes last, so that a kill leaves a folder we may remove.
  const fs::path last[] = {journal_path(), folder_ / checkpoint::kManifestFileName};
  std::vector<fs::path> first;
  for (fs::directory_iterator it(folder_, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    if (std::ranges::find(last, it->path()) == std::end(last)) first.push_back(it->path());
  }
  for (const fs::path& path : first) fs::remove_all(path, ignored);
  fs::remove_all(folder_, ignored);
}

void Staging::DiscardUnused() {
  std::error_code failure;
  File journal;  // its lock is held while the folder goes
  if (fs::exists(journal_path(), failure)) journal = File::OpenForWrite(journal_path());
  if (journal.is_open() && !journal.TryLock()) {
    Refuse(ErrorCode::kAlreadyExists, folder_, "another process is writing this output");
  }
  Discard();
  if (fs::exists(fs::symlink_status(folder_, failure))) {
    Refuse(ErrorCode::kIo, folder_, "cannot remove what an earlier run left");
  }
}

}  // namespace hlwq::convert
