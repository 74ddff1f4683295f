#include "hub/download.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/glob.h"
#include "base/ordered_pipeline.h"
#include "hub/blob_file.h"
#include "hub/cache.h"
#include "hub/range_reader.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;

// Long enough that the time to the first byte counts little, short enough for memory, and for what a
// kill takes away: segments that are not whole.
constexpr uint64_t kSegmentBytes = 4u << 20;

// A blob that is missing.
struct Missing {
  const FileInfo* info;
  std::unique_ptr<RangeReader> reader;
  std::unique_ptr<BlobFile> file;  // open while it is written
  uint64_t have = 0;               // when this run began
};

// A stretch of one of them.
struct Segment {
  size_t blob = 0;
  uint64_t offset = 0;
  std::vector<std::byte> data;
  // Waits for the segment's turn, so that what comes before it is written first.
  std::optional<Error> failure;
};

std::vector<std::string> Chosen(const Repository& repository,
                                const std::vector<std::string>& include) {
  if (include.empty()) return repository.files();
  std::vector<std::string> chosen;
  for (const std::string& path : repository.files()) {
    const auto matches = [&](const std::string& glob) { return GlobMatches(glob, path); };
    if (std::ranges::any_of(include, matches)) chosen.push_back(path);
  }
  return chosen;
}

// The stages of the pipeline.
class Transfer {
 public:
  Transfer(std::vector<Missing>& blobs, const CachedRepository& cached, ProgressUpdate& update,
           const ProgressCallback& progress, uint64_t& received)
      : blobs_(blobs), cached_(cached), update_(update), progress_(progress), received_(received) {
    if (!blobs_.empty()) offset_ = blobs_[0].have;
  }

  // A file without bytes still gives one (empty) segment.
  bool Read(Segment& segment) const {
    if (next_ == blobs_.size() || has_failed_) return false;
    segment.failure.reset();
    const uint64_t size = blobs_[next_].info->size_bytes;
    const uint64_t end = std::min(size, offset_ + kSegmentBytes);
    segment.blob = next_;
    segment.offset = offset_;
    segment.data.resize(end - offset_);
    offset_ = end;
    if (end == size && ++next_ < blobs_.size()) offset_ = blobs_[next_].have;
    return true;
  }

  void Work(Segment& segment) const {
    try {
      blobs_[segment.blob].reader->ReadAt(segment.offset, segment.data);
    } catch (const Error& error) {
      segment.failure = error;
      has_failed_ = true;  // nothing more is begun
    }
  }

  void Finish(Segment& segment) const {
    if (segment.failure) throw Error(*segment.failure);
    Missing& blob = blobs_[segment.blob];
    if (blob.file == nullptr) {
      blob.file = std::make_unique<BlobFile>(cached_.BlobPath(blob.info->etag), *blob.info);
      if (blob.file->size_bytes() != segment.offset) {
        throw Error(ErrorCode::kSourceChanged, cached_.BlobPath(blob.info->etag).string() +
                                                   ".incomplete: changed while it was continued");
      }
    }
    blob.file->Append(segment.data);
    received_ += segment.data.size();
    update_.bytes_done += segment.data.size();
    if (blob.file->size_bytes() == blob.info->size_bytes) {
      WithContext(ShownUrl(blob.reader->url()), [&] { blob.file->Finish(); });
      blob.file.reset();
      ++update_.tensors_done;
    }
    update_.item = blob.info->path;
    if (progress_) progress_(update_);
  }

 private:
  std::vector<Missing>& blobs_;
  const CachedRepository& cached_;
  ProgressUpdate& update_;
  const ProgressCallback& progress_;
  uint64_t& received_;
  mutable std::atomic<bool> has_failed_ = false;
  mutable size_t next_ = 0;      // reader only
  mutable uint64_t offset_ = 0;  // reader only
};

void RequireSpace(const fs::path& folder, uint64_t bytes) {
  std::error_code failure;
  const fs::space_info space = fs::space(folder, failure);
  if (failure || space.available >= bytes) return;
  throw Error(ErrorCode::kIo, folder.string() + ": want " + std::to_string(bytes) +
                                  " free bytes, got " + std::to_string(space.available));
}

}  // namespace

DownloadResult Download(const HttpClient& client, const Repository& repository,
                        const Settings& settings, const DownloadOptions& options) {
  for (const std::string& glob : options.include) CheckGlob(glob);
  const std::vector<std::string> paths = Chosen(repository, options.include);
  if (paths.empty()) {
    throw Error(ErrorCode::kNotFound, repository.reference().Place() + ": no file" +
                                          (options.include.empty() ? "" : " that is included"));
  }
  const CachedRepository cached(settings.cache, repository.reference().repository);
  DownloadResult result{.commit = repository.commit(),
                        .folder = cached.SnapshotFolder(repository.commit()),
                        .files = repository.AskAll(paths)};
  std::error_code failure;
  fs::create_directories(cached.folder() / "blobs", failure);
  if (failure) {
    throw Error(ErrorCode::kIo,
                (cached.folder() / "blobs").string() + ": cannot create: " + failure.message());
  }

  std::vector<Missing> missing;
  std::set<std::string> seen;
  std::vector<CachedRepository::Link> links;
  for (const FileInfo& info : result.files) {
    links.push_back({info.path, info.etag});
    if (!seen.insert(info.etag).second) continue;
    result.bytes += info.size_bytes;
    const fs::path blob = cached.BlobPath(info.etag);
    if (fs::exists(blob, failure)) {
      result.present_bytes += info.size_bytes;
      continue;
    }
    uint64_t have = fs::file_size(blob.string() + ".incomplete", failure);
    if (failure || have > info.size_bytes) have = 0;
    result.present_bytes += have;
    missing.push_back(
        {&info, std::make_unique<RangeReader>(client, repository.UrlOf(info.path), info.size_bytes),
         nullptr, have});
  }
  RequireSpace(cached.folder(), result.bytes - result.present_bytes);
  ProgressUpdate update{.tensors_done = seen.size() - missing.size(),
                        .tensors_total = seen.size(),
                        .bytes_done = result.present_bytes,
                        .bytes_total = result.bytes,
                        .bytes_skipped = result.present_bytes};
  Transfer transfer(missing, cached, update, options.progress, result.received_bytes);
  RunOrderedPipeline<Segment>(options.connections, transfer);
  cached.Publish(repository.commit(), repository.reference().revision, links);
  return result;
}

}  // namespace hlwq::hub
