// Asynchronous reads of stretches of files past the page cache: for bytes that are read once, into
// memory of the caller, from a device that is fast only when it sees several reads at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::io {

enum class ReaderKind {
  kRing,     // io_uring: one thread, however many reads
  kThreads,  // pread in a thread for each read under way
};
// "io_uring", "threads".
std::string_view ReaderKindName(ReaderKind kind) noexcept;

struct DirectReaderOptions {
  // Empty: the ring where the program and the system have it (containers often forbid it).
  std::optional<ReaderKind> kind;
  // Pieces that the device sees at a time, 1 to 1024.
  size_t queue_depth = 16;
  // Larger stretches are cut into pieces of so many bytes; a multiple of kDirectAlignment
  // up to 1 GiB.
  size_t piece_bytes = size_t{512} << 10;
};

// Bytes [offset, offset + bytes) of a file, any but none, and where they go: `room` is aligned to
// kDirectAlignment, holds RoomFor(offset, bytes), and belongs to the reader until the end.
struct FileStretch {
  size_t file = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::span<std::byte> room;

  // The wanted bytes begin so many bytes into the room.
  static constexpr size_t LeadOf(uint64_t offset) { return offset % kDirectAlignment; }
  // Devices give whole blocks: the room is larger than what is wanted by less than two of them.
  static constexpr uint64_t RoomFor(uint64_t offset, uint64_t bytes) {
    const uint64_t end = LeadOf(offset) + bytes;
    return (end + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  }
};

// Reads are begun in the order in which they were asked for. Where a file's system does not do
// direct reads (tmpfs) they go through the page cache. Thread: safe.
class DirectReader {
 public:
  // Called once on a thread of the reader, without a lock; must not throw or wait for another read.
  // Empty when all bytes are there; otherwise Error{kSourceChanged} for a file that ends before the
  // stretch does, Error{kIo} for what the device cannot read; the room then holds anything.
  using Done = std::function<void(std::optional<Error> failure)>;

  // Borrows the files, which stay open and where they are. Throws Error{kInvalidArgument} for
  // options out of range, Error{kUnsupported} where the kind asked for is not to be had.
  explicit DirectReader(std::span<const File> files, const DirectReaderOptions& options = {});
  DirectReader(const DirectReader&) = delete;
  DirectReader& operator=(const DirectReader&) = delete;
  // Waits until everything asked for is done.
  ~DirectReader();

  // Begins to read all stretches, of which there is at least one; `done` is called when the last
  // ended.
  void Submit(std::span<const FileStretch> stretches, Done done);

  ReaderKind kind() const noexcept { return kind_; }
  // Whether this file is read past the page cache.
  bool IsDirect(size_t file) const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
  ReaderKind kind_;
};

}  // namespace hlwq::io
