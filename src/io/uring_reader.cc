// One thread owns the ring. It sleeps in the kernel until a read ends or, through an event file
// that it always has a read of in the ring as well, until somebody brings new pieces.
#include <fmt/format.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "io/read_backend.h"

namespace hlwq::io {
namespace {

[[noreturn]] void ThrowRefused(int number) {
  throw Error(ErrorCode::kUnsupported,
              fmt::format("io_uring: the system refuses it: {}", SystemReason(number)));
}

class Ring {
 public:
  explicit Ring(unsigned entries) {
    const int result = ::io_uring_queue_init(entries, &ring_, 0);
    if (result < 0) ThrowRefused(-result);
    io_uring_probe* probe = ::io_uring_get_probe_ring(&ring_);
    const bool can_read = probe != nullptr && ::io_uring_opcode_supported(probe, IORING_OP_READ);
    ::io_uring_free_probe(probe);
    if (!can_read) {
      ::io_uring_queue_exit(&ring_);
      ThrowRefused(EOPNOTSUPP);
    }
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { ::io_uring_queue_exit(&ring_); }

  io_uring* get() noexcept { return &ring_; }

 private:
  io_uring ring_{};
};

class Event {
 public:
  Event() : fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (fd_ < 0) ThrowRefused(errno);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { ::close(fd_); }

  int fd() const noexcept { return fd_; }
  void Set() const noexcept {
    const uint64_t one = 1;
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

 private:
  int fd_;
};

class RingBackend final : public ReadBackend {
 public:
  explicit RingBackend(size_t depth) : ring_(static_cast<unsigned>(depth + 1)), under_way_(depth) {
    for (size_t place = 0; place < depth; ++place) free_.push_back(place);
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error& error) {
      throw Error(ErrorCode::kIo,
                  fmt::format("cannot start a reading thread: {}", error.code().message()));
    }
  }
  RingBackend(const RingBackend&) = delete;
  RingBackend& operator=(const RingBackend&) = delete;

  ~RingBackend() override {
    {
      const std::lock_guard lock(mutex_);
      is_closing_ = true;
    }
    news_.Set();
    thread_.join();
  }

  void Submit(std::vector<ReadPiece> pieces) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.insert(waiting_.end(), std::move_iterator(pieces.begin()),
                      std::move_iterator(pieces.end()));
    }
    news_.Set();
  }

 private:
  static constexpr uint64_t kNews = ~uint64_t{0};  // in the place of a place

  void Run() noexcept {
    AwaitNews();
    bool is_closing = false;
    while (TakeWaiting() || !is_closing) {
      // Refusals are for want of memory, and pass; nothing here could make one last.
      const int result = ::io_uring_submit_and_wait(ring_.get(), 1);
      if (result < 0 && result != -EINTR) std::this_thread::yield();
      io_uring_cqe* completion = nullptr;
      while (::io_uring_peek_cqe(ring_.get(), &completion) == 0) {
        const uint64_t place = ::io_uring_cqe_get_data64(completion);
        const int64_t given = completion->res;
        ::io_uring_cqe_seen(ring_.get(), completion);
        if (place == kNews) {
          // The kernel is to hold nothing of this object in the end.
          is_closing = IsClosing();
          if (!is_closing) AwaitNews();
        } else if (Settle(under_way_[place], given)) {
          under_way_[place] = {};
          free_.push_back(place);
        } else {
          Read(place);
        }
      }
    }
  }

  bool IsClosing() noexcept {
    const std::lock_guard lock(mutex_);
    return is_closing_;
  }

  // Begins as many waiting pieces as there are places. Whether any is under way.
  bool TakeWaiting() noexcept {
    const std::lock_guard lock(mutex_);
    while (!free_.empty() && !waiting_.empty()) {
      const size_t place = free_.back();
      free_.pop_back();
      under_way_[place] = std::move(waiting_.front());
      waiting_.pop_front();
      Read(place);
    }
    return free_.size() < under_way_.size();
  }

  // There is an entry for each place and the news; the kernel took all when they were submitted.
  void Read(size_t place) noexcept {
    const ReadPiece& piece = under_way_[place];
    Enter(piece.file->fd(), piece.data, piece.bytes, piece.offset, place);
  }
  void AwaitNews() noexcept { Enter(news_.fd(), &news_count_, sizeof news_count_, 0, kNews); }

  void Enter(int fd, void* data, size_t bytes, uint64_t offset, uint64_t place) noexcept {
    io_uring_sqe* entry = ::io_uring_get_sqe(ring_.get());
    HLWQ_DASSERT(entry != nullptr);
    ::io_uring_prep_read(entry, fd, data, static_cast<unsigned>(bytes), offset);
    ::io_uring_sqe_set_data64(entry, place);
  }

  Ring ring_;
  Event news_;
  std::mutex mutex_;
  std::deque<ReadPiece> waiting_;
  bool is_closing_ = false;
  // Of the thread alone.
  std::vector<ReadPiece> under_way_;  // [place]
  std::vector<size_t> free_;          // places
  uint64_t news_count_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<ReadBackend> MakeRingBackend(size_t queue_depth) {
  return std::make_unique<RingBackend>(queue_depth);
}

}  // namespace hlwq::io
