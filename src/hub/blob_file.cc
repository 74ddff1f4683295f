#include "hub/blob_file.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashPieceBytes = 4u << 20;

}  // namespace

BlobFile::BlobFile(fs::path blob, const FileInfo& info)
    : blob_(std::move(blob)),
      incomplete_(blob_.string() + ".incomplete"),
      info_(info),
      file_(File::OpenForWrite(incomplete_)) {
  if (!file_.TryLock()) {
    throw Error(ErrorCode::kAlreadyExists,
                incomplete_.string() + ": another process is downloading this file");
  }
  // Between opening and locking it, another process may have finished and renamed it.
  std::error_code failure;
  if (!fs::exists(incomplete_, failure) ||
      !(File::OpenForRead(incomplete_).Identity() == file_.Identity())) {
    throw Error(ErrorCode::kAlreadyExists,
                incomplete_.string() + ": another process has just downloaded this file");
  }
  if (info.has_sha256()) hash_.emplace();
  uint64_t have = file_.SizeBytes();
  if (have > info.size_bytes) {
    file_.Truncate(0);
    have = 0;
  }
  if (!hash_) {
    done_ = have;
    return;
  }
  std::vector<std::byte> piece(std::min<uint64_t>(have, kHashPieceBytes));
  while (done_ < have) {
    const auto part = std::span(piece).first(std::min<uint64_t>(piece.size(), have - done_));
    file_.ReadAt(done_, part);
    hash_->Update(part);
    done_ += part.size();
  }
}

void BlobFile::Append(std::span<const std::byte> data) {
  file_.WriteAt(done_, data);
  if (hash_) hash_->Update(data);
  done_ += data.size();
}

void BlobFile::Finish() {
  const std::string got = hash_ ? hash_->Digest() : info_.etag;
  if (got != info_.etag) {
    std::error_code ignored;
    fs::remove(incomplete_, ignored);
    throw Error(ErrorCode::kInvalidData, info_.path + ": want SHA-256 " + info_.etag + ", got " +
                                             got + "; what was downloaded is removed");
  }
  file_.Sync();
  std::error_code failure;
  fs::rename(incomplete_, blob_, failure);
  if (failure) {
    throw Error(ErrorCode::kIo,
                blob_.string() + ": cannot rename into place: " + failure.message());
  }
}

}  // namespace hlwq::hub
