// A file of the Hub that is read as if it were here, without being stored.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "hub/fetch_queue.h"
#include "hub/range_reader.h"

namespace hlwq::hub {

// A stretch of a file that is there or on its way.
struct Piece {
  std::shared_ptr<const RangeReader> file;  // shared with the file; tells whose piece it is
  uint64_t begin = 0;
  uint64_t end = 0;
  // Written once, before is_done is set.
  std::vector<std::byte> data = {};
  std::optional<Error> failure = {};
  bool is_done = false;  // under the lock of the store
};
using PiecePtr = std::shared_ptr<Piece>;  // shared by the store, readers and the job that fills it

// The pieces of all files that are read together, in one budget of memory. Thread: safe.
class PieceStore {
 public:
  // Memory for all pieces, besides those that are on their way.
  static constexpr uint64_t kMaxBytes = 96u << 20;

  // The piece that holds the byte at `offset`, else `made`, which is then in the store and the
  // caller's to fill; `is_new` says which.
  PiecePtr FindOrAdd(uint64_t offset, Piece made, bool& is_new);
  bool Has(const RangeReader& file, uint64_t offset);
  // Fetches what the piece is to hold. Never throws: failures wait in the piece.
  void Fill(Piece& piece) noexcept;
  // Returns when the piece is filled; throws what kept it from being. Who asks for the same bytes
  // after that has them fetched again.
  void Await(const PiecePtr& piece);

 private:
  PiecePtr Find(const RangeReader& file, uint64_t offset);
  void Trim();

  std::mutex mutex_;
  std::condition_variable filled_;
  std::list<PiecePtr> pieces_;  // the last used first
};

// What the files of a repository are read with.
struct Connections {
  // So many requests at a time; readers that no hint announced come on top.
  Connections(HttpOptions http, int threads) : client(std::move(http)), queue(threads) {}
  ~Connections() { client.Stop(); }  // then the queue ends soon

  HttpClient client;
  PieceStore store;
  FetchQueue queue;  // its threads end before the others do
};

// Bytes come in pieces of several MiB: hints begin to fetch what they name and, where they go on from
// known bytes, what comes after it, so that who reads through the file waits only when all
// connections are busy. Thread: safe.
class RemoteFile final : public ByteSource {
 public:
  // Pieces that were announced begin at multiples of this.
  static constexpr uint64_t kPieceBytes = 4u << 20;
  // Fetched beyond a hint that goes on from known bytes.
  static constexpr uint64_t kAheadBytes = 6 * kPieceBytes;
  // Fetched for a small read that nobody announced (headers).
  static constexpr uint64_t kSmallReadBytes = 256u << 10;

  // Shares the connections with the other files of the repository.
  RemoteFile(std::shared_ptr<Connections> connections, std::string url, std::string version,
             uint64_t size_bytes);

  uint64_t SizeBytes() const noexcept override { return reader_->size_bytes(); }
  const std::string& version() const noexcept override { return version_; }
  // Throws as RangeReader::ReadAt.
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override;
  void PrefetchHint(uint64_t offset, uint64_t length) const noexcept override;

 private:
  std::shared_ptr<Connections> connections_;
  std::shared_ptr<const RangeReader> reader_;
  std::string version_;
};

}  // namespace hlwq::hub
