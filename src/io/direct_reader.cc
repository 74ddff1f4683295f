#include "io/direct_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/read_backend.h"

namespace hlwq::io {
namespace {

constexpr size_t kMaxPieceBytes = size_t{1} << 30;  // one system call reads less than 2 GiB

}  // namespace

struct ReadRequest {
  DirectReader::Done done;
  std::atomic<size_t> pieces_left;
  std::atomic<bool> has_failed = false;
  std::optional<Error> failure;  // written by who sets has_failed, read after the last piece

  ReadRequest(DirectReader::Done call, size_t pieces)
      : done(std::move(call)), pieces_left(pieces) {}

  void EndPiece() noexcept {
    if (pieces_left.fetch_sub(1, std::memory_order_acq_rel) == 1) done(std::move(failure));
  }
  // Of several failures the first counts.
  void FailPiece(Error error) noexcept {
    if (!has_failed.exchange(true, std::memory_order_relaxed)) failure = std::move(error);
    EndPiece();
  }
};

namespace {

Error ReadFailure(const ReadPiece& piece, int number) {
  return Error(ErrorCode::kIo,
               fmt::format("{}: cannot read {} bytes at offset {}: {}", piece.file->path().string(),
                           piece.bytes, piece.offset, SystemReason(number)));
}

Error CutFailure(const ReadPiece& piece, size_t got) {
  uint64_t end = piece.offset + got;
  try {
    end = std::min(end, piece.file->SizeBytes());  // the end may lie before the piece
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kSourceChanged,
               fmt::format("{}: want {} bytes, got {}: the file was cut shorter",
                           piece.file->path().string(), piece.offset + piece.wanted, end));
}

}  // namespace

bool Settle(ReadPiece& piece, int64_t result) noexcept {
  if (result == -EINTR || result == -EAGAIN) return false;
  if (result < 0) {
    piece.request->FailPiece(ReadFailure(piece, static_cast<int>(-result)));
    return true;
  }
  const auto got = static_cast<size_t>(result);
  if (got >= piece.wanted) {
    piece.request->EndPiece();
    return true;
  }
  // A direct read goes on at a whole block only; one that ends within a block met the file's end.
  const size_t step = piece.is_direct ? got / kDirectAlignment * kDirectAlignment : got;
  if (step == 0) {
    piece.request->FailPiece(CutFailure(piece, got));
    return true;
  }
  piece.offset += step;
  piece.data += step;
  piece.bytes -= step;
  piece.wanted -= step;
  return false;
}

std::string_view ReaderKindName(ReaderKind kind) noexcept {
  return kind == ReaderKind::kRing ? "io_uring" : "threads";
}

struct DirectReader::State {
  struct Source {
    const File* given = nullptr;
    File direct;  // not open where reads are buffered

    const File& file() const { return direct.is_open() ? direct : *given; }
  };
  std::vector<Source> sources;
  size_t piece_bytes = 0;
  std::unique_ptr<ReadBackend> backend;  // last: its reads use the others
};

DirectReader::DirectReader(std::span<const File> files, const DirectReaderOptions& options)
    : state_(std::make_unique<State>()), kind_(options.kind.value_or(ReaderKind::kRing)) {
  if (options.queue_depth < 1 || options.queue_depth > 1024) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want a queue depth from 1 to 1024, got {}", options.queue_depth));
  }
  if (options.piece_bytes == 0 || options.piece_bytes > kMaxPieceBytes ||
      options.piece_bytes % kDirectAlignment != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want pieces of a multiple of {} bytes up to {}, got {}",
                            kDirectAlignment, kMaxPieceBytes, options.piece_bytes));
  }
  state_->piece_bytes = options.piece_bytes;
  state_->sources.reserve(files.size());
  for (const File& file : files) state_->sources.push_back({&file, file.ReopenDirect()});

  if (kind_ == ReaderKind::kRing) {
    try {
      state_->backend = MakeRingBackend(options.queue_depth);
    } catch (const Error& error) {
      if (options.kind || error.code() != ErrorCode::kUnsupported) throw;
      kind_ = ReaderKind::kThreads;
    }
  }
  if (kind_ == ReaderKind::kThreads) state_->backend = MakeThreadBackend(options.queue_depth);
}

DirectReader::~DirectReader() = default;

bool DirectReader::IsDirect(size_t file) const noexcept {
  return state_->sources[file].direct.is_open();
}

void DirectReader::Submit(std::span<const FileStretch> stretches, Done done) {
  std::vector<ReadPiece> pieces;
  for (const FileStretch& stretch : stretches) {
    const State::Source& source = state_->sources[stretch.file];
    const size_t lead = FileStretch::LeadOf(stretch.offset);
    const uint64_t room = FileStretch::RoomFor(stretch.offset, stretch.bytes);
    HLWQ_DASSERT(stretch.bytes > 0 && stretch.room.size() >= room);
    HLWQ_DASSERT(reinterpret_cast<uintptr_t>(stretch.room.data()) % kDirectAlignment == 0);
    for (uint64_t begin = 0; begin < room; begin += state_->piece_bytes) {
      const uint64_t bytes = std::min<uint64_t>(state_->piece_bytes, room - begin);
      const uint64_t wanted = std::min(bytes, lead + stretch.bytes - begin);
      pieces.push_back({&source.file(), source.direct.is_open(), stretch.offset - lead + begin,
                        stretch.room.data() + begin, bytes, wanted, nullptr});
    }
  }
  HLWQ_DASSERT(!pieces.empty());
  const auto request = std::make_shared<ReadRequest>(std::move(done), pieces.size());
  for (ReadPiece& piece : pieces) piece.request = request;
  state_->backend->Submit(std::move(pieces));
}

}  // namespace hlwq::io
