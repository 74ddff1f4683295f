#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "io/read_backend.h"

namespace hlwq::io {
namespace {

class ThreadBackend final : public ReadBackend {
 public:
  explicit ThreadBackend(size_t threads) {
    try {
      for (size_t thread = 0; thread < threads; ++thread) {
        threads_.emplace_back([this](const std::stop_token& stop) { ReadPieces(stop); });
      }
    } catch (const std::system_error& error) {
      throw Error(ErrorCode::kIo, fmt::format("cannot start {} reading threads: {}", threads,
                                              error.code().message()));
    }
  }

  void Submit(std::vector<ReadPiece> pieces) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.insert(waiting_.end(), std::move_iterator(pieces.begin()),
                      std::move_iterator(pieces.end()));
    }
    has_waiting_.notify_all();
  }

 private:
  // Until there is nothing to read and nothing more comes.
  void ReadPieces(const std::stop_token& stop) noexcept {
    std::unique_lock lock(mutex_);
    while (has_waiting_.wait(lock, stop, [&] { return !waiting_.empty(); })) {
      ReadPiece piece = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      int64_t result;
      do {
        result =
            ::pread(piece.file->fd(), piece.data, piece.bytes, static_cast<off_t>(piece.offset));
        if (result < 0) result = -errno;
      } while (!Settle(piece, result));
      piece = {};
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any has_waiting_;
  std::deque<ReadPiece> waiting_;
  std::vector<std::jthread> threads_;  // last: they use the others, and are joined first
};

}  // namespace

std::unique_ptr<ReadBackend> MakeThreadBackend(size_t queue_depth) {
  return std::make_unique<ThreadBackend>(queue_depth);
}

}  // namespace hlwq::io
