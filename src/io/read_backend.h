// How the pieces of DirectReader's requests are read: one implementation for each ReaderKind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.h"

namespace hlwq::io {

struct ReadRequest;

// A part of a stretch that is read in one go.
struct ReadPiece {
  const File* file = nullptr;
  bool is_direct = false;
  uint64_t offset = 0;
  std::byte* data = nullptr;
  size_t bytes = 0;   // to ask for
  size_t wanted = 0;  // to get: the others may lie past the end of the file
  // Shared by its pieces; the last of them to be settled ends it.
  std::shared_ptr<ReadRequest> request;
};

// Takes note of what a read gave: bytes, or a negated errno. False when it gave too little and is
// to be read again, from where the piece now says. Thread: safe for different pieces.
bool Settle(ReadPiece& piece, int64_t result) noexcept;

class ReadBackend {
 public:
  // Ends when all pieces have been settled.
  virtual ~ReadBackend() = default;
  // Reads them in this order and settles each. Thread: safe.
  virtual void Submit(std::vector<ReadPiece> pieces) = 0;
};

// Each reads `queue_depth` pieces at a time. The first throws Error{kUnsupported} where the program
// is built without liburing or the system refuses a ring; both Error{kIo} where it has no thread to
// give.
std::unique_ptr<ReadBackend> MakeRingBackend(size_t queue_depth);
std::unique_ptr<ReadBackend> MakeThreadBackend(size_t queue_depth);

}  // namespace hlwq::io
