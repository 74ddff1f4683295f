#include "hub/remote_file.h"

#include <algorithm>
#include <cstring>

namespace hlwq::hub {

PiecePtr PieceStore::Find(const RangeReader& file, uint64_t offset) {
  const auto found = std::ranges::find_if(pieces_, [&](const PiecePtr& piece) {
    return piece->file.get() == &file && piece->begin <= offset && offset < piece->end;
  });
  if (found == pieces_.end()) return nullptr;
  pieces_.splice(pieces_.begin(), pieces_, found);
  return pieces_.front();
}

PiecePtr PieceStore::FindOrAdd(uint64_t offset, Piece made, bool& is_new) {
  const std::scoped_lock lock(mutex_);
  PiecePtr piece = Find(*made.file, offset);
  is_new = piece == nullptr;
  if (!is_new) return piece;
  pieces_.push_front(std::make_shared<Piece>(std::move(made)));
  piece = pieces_.front();
  Trim();
  return piece;
}

bool PieceStore::Has(const RangeReader& file, uint64_t offset) {
  const std::scoped_lock lock(mutex_);
  return Find(file, offset) != nullptr;
}

// Gives up what was not used for longest.
void PieceStore::Trim() {
  uint64_t bytes = 0;
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    bytes += (*it)->end - (*it)->begin;
    const bool is_surplus = bytes > kMaxBytes && (*it)->is_done;
    it = is_surplus ? pieces_.erase(it) : std::next(it);
  }
}

void PieceStore::Fill(Piece& piece) noexcept {
  try {
    piece.data.resize(piece.end - piece.begin);
    piece.file->ReadAt(piece.begin, piece.data);
  } catch (const Error& error) {
    piece.failure = error;
  } catch (const std::exception& error) {  // out of memory
    piece.failure = Error(ErrorCode::kIo, ShownUrl(piece.file->url()) + ": " + error.what());
  }
  {
    const std::scoped_lock lock(mutex_);
    piece.is_done = true;
  }
  filled_.notify_all();
}

void PieceStore::Await(const PiecePtr& piece) {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [&] { return piece->is_done; });
  if (!piece->failure) return;
  pieces_.remove(piece);
  throw Error(*piece->failure);
}

RemoteFile::RemoteFile(std::shared_ptr<Connections> connections, std::string url,
                       std::string version, uint64_t size_bytes)
    : connections_(std::move(connections)),
      reader_(
          std::make_shared<const RangeReader>(connections_->client, std::move(url), size_bytes)),
      version_(std::move(version)) {}

void RemoteFile::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const uint64_t wanted = std::clamp<uint64_t>(out.size(), kSmallReadBytes, kPieceBytes);
    bool is_new = false;
    const PiecePtr piece = connections_->store.FindOrAdd(
        offset, {.file = reader_, .begin = offset, .end = std::min(SizeBytes(), offset + wanted)},
        is_new);
    if (is_new) connections_->store.Fill(*piece);
    connections_->store.Await(piece);
    const size_t bytes = std::min<uint64_t>(out.size(), piece->end - offset);
    std::memcpy(out.data(), piece->data.data() + (offset - piece->begin), bytes);
    offset += bytes;
    out = out.subspan(bytes);
  }
}

void RemoteFile::PrefetchHint(uint64_t offset, uint64_t length) const noexcept {
  try {
    PieceStore& store = connections_->store;
    uint64_t end = offset + length;
    const bool goes_on = offset > 0 && store.Has(*reader_, offset - 1);
    if (goes_on) end = std::min(SizeBytes(), end + kAheadBytes);
    for (uint64_t begin = offset / kPieceBytes * kPieceBytes; begin < end; begin += kPieceBytes) {
      bool is_new = false;
      const PiecePtr piece = store.FindOrAdd(
          std::max(begin, offset),
          {.file = reader_, .begin = begin, .end = std::min(SizeBytes(), begin + kPieceBytes)},
          is_new);
      if (!is_new) continue;
      try {
        connections_->queue.Add([&store, piece] { store.Fill(*piece); });
      } catch (...) {
        store.Fill(*piece);  // somebody may wait for it by now
      }
    }
  } catch (...) {  // out of memory: ReadAt will say so
  }
}

}  // namespace hlwq::hub
