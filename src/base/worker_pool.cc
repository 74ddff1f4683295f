// A region, step by step. The caller writes down the body, deals the pieces into one share for each
// thread, and counts the region up. Whoever sees that claims pieces: of the own share, then of the
// others. The caller returns when as many pieces are finished as there were.
//
// A claim is made first and looked at afterwards: `unclaimed` of a share counts down, and only who
// takes it from a positive number owns a piece. The region cannot end while that piece is held, so
// what describes the region holds still until it is run. A thread that comes late, from a region
// long gone, hence either claims nothing or a whole piece of the present region; it never needs to
// know which region it came for, and there is no number that could wrap around and deceive it.
//
// Against a busy neighbour (bench/neighbour.cc measures it; figures are medians of 30 rounds on two
// crowded cores, of the rate of 1 thread):
// - No pinning: 0.94 to 0.99, where workers pinned to a core each reach 0.86 to 0.90. The system
//   moves one that is not pinned to a free core.
// - A caller that waits for a piece longer than any imbalance lasts (kJoinSpin) goes to sleep rather
//   than spin: on its idle core the system can then run the worker that waits for the other core.
// - A worker that was late, and whose involuntary context switches say that it had lost its core,
//   sits out for a multiple of the loss, twice as long each time it fails soon after its return. The
//   others share its work. This is for threads that the system cannot move, as in a process bound to
//   few cores; for others it made no difference beyond the noise (0.95 to 0.99 without).
// - The caller has no one to replace it: where it loses its core again and again it goes to another.
//   The system by itself can leave it beside the neighbour for good, because the other core, busy with
//   short pieces, never looks idle.
// - Shares are contiguous, since a core reads memory fastest in one stream. On idle cores larger
//   pieces from one common counter were the faster (220 to 350 tokens/s from 17 to 140 kB).
#include "base/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "base/core_watch.h"
#include "base/cpu_pause.h"
#include "base/error.h"
#include "base/parallel.h"

namespace hlwq {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Longer than the pauses between the regions of a token, too short for a program that waits for its
// user to be seen using a core.
constexpr microseconds kIdleSpin{50};
// Pieces are a few microseconds long, so a longer wait means that a thread lost its core (or that
// pieces are long, and then the wake-up does not matter).
constexpr microseconds kJoinSpin{100};
constexpr int kRestPerLoss = 4;
// A thread that lost its core is gone for some 3 ms; less is the end of a piece that is merely long.
constexpr Clock::duration kLeastLoss = milliseconds(2);
constexpr Clock::duration kLongestRest = milliseconds(500);
// Two lines, which are fetched in pairs: what one thread writes often shares none with another's.
constexpr size_t kApart = 128;
constexpr size_t kMaxPieces = size_t{1} << 30;

// Spins until ready() or for `limit`; returns whether ready.
template <typename Ready>
bool SpinUntil(microseconds limit, Ready ready) noexcept {
  constexpr int kPausesPerLook = 64;  // reading the clock costs as much as a pause or two
  Clock::time_point end{};
  for (;;) {
    for (int pause = 0; pause < kPausesPerLook; ++pause) {
      if (ready()) return true;
      CpuPause();
    }
    const Clock::time_point now = Clock::now();
    if (end == Clock::time_point{}) end = now + limit;
    if (now >= end) return false;
  }
}

// Notices that the caller has a neighbour on its core, and leaves it.
class CallerWatch {
 public:
  // Once for each region.
  void Look() noexcept {
    if (++regions_ < kRegionsPerLook) return;
    regions_ = 0;
    const Clock::time_point now = Clock::now();
    const Clock::duration span = now - looked_;
    if (span < kSpan) return;
    const int64_t losses = CoreLosses();
    const bool is_crowded = span < 8 * kSpan && (losses - losses_) * kCrowdedLoss > span;
    if (is_crowded && now >= moved_ + pause_) {
      const bool is_again = now - moved_ < 4 * pause_;
      pause_ = is_again ? std::min(2 * pause_, kLongestPause) : kShortestPause;
      LeaveCore();
      moved_ = now;
    }
    losses_ = losses;
    looked_ = now;
  }

 private:
  static constexpr int kRegionsPerLook = 16;  // so that looking costs nothing
  static constexpr Clock::duration kSpan = milliseconds(40);
  // Two threads take turns of some 3 ms each; a lone one is interrupted a few times a second.
  static constexpr Clock::duration kCrowdedLoss = milliseconds(16);
  static constexpr Clock::duration kShortestPause = milliseconds(100);
  static constexpr Clock::duration kLongestPause = milliseconds(3200);

  int regions_ = 0;
  int64_t losses_ = 0;
  Clock::time_point looked_, moved_;
  Clock::duration pause_ = kShortestPause;
};

enum class Wakefulness : int {
  kAwake,    // spins or works
  kAsleep,   // waits for the next region
  kResting,  // waits for the first region after rest_until
};

// One thread's part. The caller's (index 0) has only a share.
struct Worker {
  alignas(kApart) std::atomic<int64_t> unclaimed = 0;  // pieces; below 0 after vain claims
  int64_t end_piece = 0;   // of the share; constant while a piece of the region is unfinished
  bool takes_part = true;  // in this region; the caller's

  alignas(kApart) std::atomic<Wakefulness> wakefulness = Wakefulness::kAwake;
  Clock::time_point rest_until;  // the worker's while awake, anybody's to read while kResting
  std::thread thread;
};

void Wake(Worker& worker) noexcept {
  worker.wakefulness = Wakefulness::kAwake;
  worker.wakefulness.notify_one();
}

}  // namespace

struct WorkerPool::State {
  explicit State(int threads) : workers(static_cast<size_t>(threads)) {}

  void Start();
  void Stop() noexcept;
  // Deals the pieces, counts the region up, wakes who sleeps.
  void Publish(int64_t pieces) noexcept;
  // Claims and runs until nothing is left to claim; returns how many pieces that were.
  int64_t RunPieces(size_t worker) noexcept;
  void WorkerLoop(size_t index) noexcept;
  void SleepUnlessWanted(Worker& self, uint64_t seen) noexcept;
  void RestUntil(Worker& self, Clock::time_point end) noexcept;

  std::vector<Worker> workers;
  // Of the region: constant while one of its pieces is unfinished.
  const Body* body = nullptr;
  size_t count = 0;
  size_t grain = 1;

  CallerWatch caller_watch;

  alignas(kApart) std::atomic<uint64_t> region = 0;
  std::atomic<bool> stopping = false;
  alignas(kApart) std::atomic<int> finished = 0;  // pieces, without the caller's
  std::atomic<Clock::rep> waiting_since = 0;      // the caller, asleep; 0: it is not
};

void WorkerPool::State::Start() {
  try {
    for (size_t index = 1; index < workers.size(); ++index) {
      workers[index].thread = std::thread([this, index] { WorkerLoop(index); });
    }
  } catch (const std::system_error& error) {
    Stop();
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot start {} threads: {}", workers.size(), error.code().message()));
  }
}

void WorkerPool::State::Stop() noexcept {
  stopping = true;
  ++region;  // ends the spinning
  for (Worker& worker : workers) {
    if (!worker.thread.joinable()) continue;
    Wake(worker);
    worker.thread.join();
  }
}

void WorkerPool::State::Publish(int64_t pieces) noexcept {
  Clock::time_point now{};
  int64_t takers = 1;
  for (size_t index = 1; index < workers.size(); ++index) {
    Worker& worker = workers[index];
    worker.takes_part = true;
    if (worker.wakefulness.load(std::memory_order_acquire) == Wakefulness::kResting) {
      if (now == Clock::time_point{}) now = Clock::now();
      worker.takes_part = now >= worker.rest_until;
      if (worker.takes_part) Wake(worker);
    }
    takers += worker.takes_part ? 1 : 0;
  }
  int64_t dealt = 0, taker = 0;
  for (Worker& worker : workers) {
    if (!worker.takes_part) continue;  // its share of before is used up
    worker.end_piece = pieces * ++taker / takers;
    worker.unclaimed.store(worker.end_piece - dealt, std::memory_order_release);
    dealt = worker.end_piece;
  }
  // Sequentially consistent, as is a worker's way to sleep: either it sees the region, or this sees
  // that it sleeps.
  ++region;
  for (size_t index = 1; index < workers.size(); ++index) {
    Worker& worker = workers[index];
    // Not one that has just begun to rest.
    if (worker.wakefulness == Wakefulness::kAsleep) Wake(worker);
  }
}

int64_t WorkerPool::State::RunPieces(size_t worker) noexcept {
  int64_t ran = 0;
  size_t owner = worker;
  for (size_t visited = 0; visited < workers.size(); ++visited) {
    Worker& share = workers[owner];
    while (share.unclaimed.load(std::memory_order_relaxed) > 0) {
      const int64_t left = share.unclaimed.fetch_sub(1, std::memory_order_acquire);
      if (left <= 0) break;
      const size_t begin = static_cast<size_t>(share.end_piece - left) * grain;
      (*body)(begin, begin + std::min(grain, count - begin), static_cast<int>(worker));
      ++ran;
    }
    if (++owner == workers.size()) owner = 0;
  }
  return ran;
}

void WorkerPool::State::WorkerLoop(size_t index) noexcept {
  Worker& self = workers[index];
  int64_t losses = CoreLosses();
  Clock::duration rest{};
  uint64_t seen = 0;
  const auto is_wanted = [&] { return region.load(std::memory_order_acquire) != seen; };
  while (!stopping) {
    if (!SpinUntil(kIdleSpin, is_wanted)) {
      SleepUnlessWanted(self, seen);
      continue;
    }
    seen = region.load(std::memory_order_acquire);
    const int64_t ran = RunPieces(index);
    if (ran == 0) continue;
    // Sequentially consistent, as is the caller's way to sleep.
    finished.fetch_add(static_cast<int>(ran));
    const Clock::rep since = waiting_since;
    if (since == 0) continue;
    finished.notify_one();

    // Late. The count of losses may include one from an earlier, unnoticed occasion, but each leads
    // to one rest at most; a piece that was merely long, or read from a disk, leads to none.
    const int64_t losses_before = losses;
    losses = CoreLosses();
    if (losses == losses_before) continue;
    const Clock::time_point now = Clock::now();
    const Clock::duration loss = now - Clock::time_point(Clock::duration(since));
    if (loss < kLeastLoss) continue;
    const bool is_again = now - self.rest_until < rest;
    rest = std::max(kRestPerLoss * loss, is_again ? 2 * rest : Clock::duration{});
    rest = std::min(rest, kLongestRest);
    RestUntil(self, now + rest);
    losses = CoreLosses();
  }
}

void WorkerPool::State::SleepUnlessWanted(Worker& self, uint64_t seen) noexcept {
  self.wakefulness = Wakefulness::kAsleep;
  if (region == seen) self.wakefulness.wait(Wakefulness::kAsleep);
  self.wakefulness = Wakefulness::kAwake;
}

void WorkerPool::State::RestUntil(Worker& self, Clock::time_point end) noexcept {
  self.rest_until = end;
  self.wakefulness = Wakefulness::kResting;
  if (!stopping) self.wakefulness.wait(Wakefulness::kResting);
}

WorkerPool::WorkerPool(int threads) {
  const int resolved = ResolveThreads(threads);
  if (resolved > kMaxThreads) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want at most {} threads, got {}", kMaxThreads, resolved));
  }
  state_ = std::make_unique<State>(resolved);
  state_->Start();
}

WorkerPool::~WorkerPool() { state_->Stop(); }

int WorkerPool::threads() const noexcept { return static_cast<int>(state_->workers.size()); }

void WorkerPool::ParallelFor(size_t count, size_t grain, Body body) noexcept {
  State& state = *state_;
  state.caller_watch.Look();
  grain = std::max<size_t>(grain, 1);
  if (count <= grain || state.workers.size() == 1) {
    if (count > 0) body(0, count, 0);
    return;
  }
  grain *= (count / grain) / kMaxPieces + 1;
  const auto pieces = static_cast<int64_t>((count - 1) / grain + 1);
  state.body = &body;
  state.count = count;
  state.grain = grain;
  state.finished.store(0, std::memory_order_relaxed);
  state.Publish(pieces);
  const auto others = static_cast<int>(pieces - state.RunPieces(0));
  const auto is_done = [&] { return state.finished.load(std::memory_order_acquire) == others; };
  if (SpinUntil(kJoinSpin, is_done)) return;

  state.waiting_since = Clock::now().time_since_epoch().count();
  for (int seen; (seen = state.finished) != others;) state.finished.wait(seen);
  state.waiting_since = 0;
}

}  // namespace hlwq
