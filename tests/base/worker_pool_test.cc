#include "base/worker_pool.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <limits>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/support/allocation_count.h"

namespace hlwq {
namespace {

using std::chrono::milliseconds;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs `body` while this process may use one core only.
template <typename Body>
void OnOneCore(Body body) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  int core = 0;
  while (!CPU_ISSET(core, &all)) ++core;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  body();
  ASSERT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

class WorkerPoolThreads : public testing::TestWithParam<int> {};

TEST_P(WorkerPoolThreads, EveryIndexIsVisitedOnceInRangesThatBeginAtMultiplesOfTheGrain) {
  WorkerPool pool(GetParam());
  ASSERT_EQ(pool.threads(), GetParam());
  for (const size_t count : {0, 1, 2, 3, 7, 16, 100, 1000}) {
    for (const size_t grain : {0, 1, 2, 3, 5, 64, 999, 1000, 5000}) {
      std::vector<std::atomic<int>> visits(count);
      std::atomic<int> faults = 0;
      pool.ParallelFor(count, grain, [&](size_t begin, size_t end, int worker) {
        if (begin >= end || end > count || begin % std::max<size_t>(grain, 1) != 0) ++faults;
        if (worker < 0 || worker >= pool.threads()) ++faults;
        for (size_t index = begin; index < std::min(end, count); ++index) ++visits[index];
      });
      EXPECT_EQ(faults, 0) << count << " by " << grain;
      EXPECT_TRUE(std::ranges::all_of(visits, [](const auto& visit) { return visit == 1; }))
          << count << " by " << grain;
    }
  }
}

TEST_P(WorkerPoolThreads, RegionsBackToBackStayApart) {
  // At least so many regions, and then on until the other threads had their part in them: on a busy
  // machine they may come late.
  constexpr size_t kRegions = 100'000, kMostRegions = 2'000'000, kHelp = 1000, kCount = 5;
  WorkerPool pool(GetParam());
  // Written without atomics: only the ends of the regions order one region's writes after
  // another's.
  std::vector<size_t> last(kCount);
  std::vector<int> runner(kCount);
  size_t faults = 0, help = 0;
  const auto enough = [&](size_t regions) {
    return regions >= kRegions && (help >= kHelp || pool.threads() == 1);
  };
  for (size_t region = 1; !enough(region) && region <= kMostRegions; ++region) {
    pool.ParallelFor(kCount, 1, [&, region](size_t begin, size_t end, int worker) {
      for (size_t index = begin; index < end; ++index) {
        last[index] = last[index] + 1 == region ? region : 0;
        runner[index] = worker;
      }
    });
    faults +=
        static_cast<size_t>(std::ranges::count_if(last, [&](size_t at) { return at != region; }));
    help += kCount - static_cast<size_t>(std::ranges::count(runner, 0));
  }
  EXPECT_EQ(faults, 0);
}

TEST_P(WorkerPoolThreads, NoTwoCallsShareAWorkerAtATime) {
  WorkerPool pool(GetParam());
  std::vector<std::atomic<int>> inside(static_cast<size_t>(pool.threads()));
  std::atomic<int> faults = 0;
  for (int region = 0; region < 2000; ++region) {
    pool.ParallelFor(64, 1, [&](size_t, size_t, int worker) {
      auto& mine = inside[static_cast<size_t>(worker)];
      if (mine.fetch_add(1) != 0) ++faults;
      mine.fetch_sub(1);
    });
  }
  EXPECT_EQ(faults, 0);
}

TEST_P(WorkerPoolThreads, PoolsComeAndGoInsideOthers) {
  WorkerPool outer(GetParam());
  std::atomic<size_t> sum = 0;
  for (int repeat = 0; repeat < 50; ++repeat) {
    WorkerPool idle(GetParam());  // destroyed without ever a region
    outer.ParallelFor(4, 1, [&](size_t begin, size_t end, int) {
      for (size_t piece = begin; piece < end; ++piece) {
        WorkerPool inner(GetParam());
        inner.ParallelFor(8, 1, [&](size_t first, size_t last, int) { sum += last - first; });
      }
    });
  }
  EXPECT_EQ(sum, 50u * 4 * 8);
}

INSTANTIATE_TEST_SUITE_P(WorkerPool, WorkerPoolThreads, testing::Values(1, 2, 3, 8));

TEST(WorkerPool, PiecesOfAThreadThatIsHeldUpAreRunByOthers) {
  // The first piece of either thread ends only when all others have ended: with fixed shares, or
  // one piece too many in a thread's hands, this would wait for ever.
  constexpr size_t kPieces = 64;
  WorkerPool pool(2);
  for (int region = 0; region < 100; ++region) {
    std::atomic<size_t> ended = 0;
    std::atomic<bool> held = false;
    pool.ParallelFor(kPieces, 1, [&](size_t, size_t, int worker) {
      if (worker == 1 && !held.exchange(true)) {
        while (ended != kPieces - 1) std::this_thread::yield();
      }
      ++ended;
    });
    EXPECT_EQ(ended, kPieces);
  }
}

TEST(WorkerPool, ARegionEndsWithItsLastPieceEvenOneThatSleeps) {
  WorkerPool pool(3);
  for (int region = 0; region < 10; ++region) {
    std::atomic<int> ended = 0;
    pool.ParallelFor(6, 1, [&](size_t begin, size_t, int) {
      if (begin % 2 == 1) std::this_thread::sleep_for(milliseconds(3));
      ++ended;
    });
    EXPECT_EQ(ended, 6);
  }
}

TEST(WorkerPool, AllThreadsTakePartSoonerOrLater) {
  // Not in each region: a thread that lost its core to another program may sit out.
  constexpr int kThreads = 4;
  WorkerPool pool(kThreads);
  std::atomic<int> present = 0;
  for (int region = 0; region < 1000 && present != kThreads; ++region) {
    present = 0;
    pool.ParallelFor(kThreads, 1, [&](size_t, size_t, int) {
      ++present;
      const auto patience = std::chrono::steady_clock::now() + milliseconds(20);
      while (present != kThreads && std::chrono::steady_clock::now() < patience) {
        std::this_thread::yield();
      }
      // Gone, so that kThreads at the end means that all were here at a time.
      if (present != kThreads) --present;
    });
    std::this_thread::sleep_for(milliseconds(1));  // so that the next one finds them asleep
  }
  EXPECT_EQ(present, kThreads);
}

TEST(WorkerPool, ManyThreadsOnOneCoreFinish) {
  OnOneCore([] {
    WorkerPool pool(6);
    std::atomic<size_t> sum = 0;
    for (int region = 0; region < 500; ++region) {
      pool.ParallelFor(60, 1, [&](size_t begin, size_t end, int) {
        for (volatile int work = 0; work < 5000;) work = work + 1;
        sum += end - begin;
      });
    }
    EXPECT_EQ(sum, 500u * 60);
  });
}

TEST(WorkerPool, GoesOnAfterTheProcessWasStopped) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    WorkerPool pool(3);
    std::atomic<size_t> sum = 0;
    for (int region = 0; region < 20'000; ++region) {
      pool.ParallelFor(12, 1, [&](size_t begin, size_t end, int) { sum += end - begin; });
      if (region % 1000 == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    _exit(sum == 20'000u * 12 ? 0 : 1);
  }
  for (int stop = 0; stop < 10; ++stop) {
    std::this_thread::sleep_for(milliseconds(2));
    kill(child, SIGSTOP);
    std::this_thread::sleep_for(milliseconds(2));
    kill(child, SIGCONT);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(WorkerPool, IdleThreadsUseNoCpu) {
  WorkerPool pool(4);
  std::atomic<size_t> sum = 0;
  pool.ParallelFor(64, 1, [&](size_t begin, size_t end, int) { sum += end - begin; });
  std::this_thread::sleep_for(milliseconds(20));  // spun out
  const double before = CpuSeconds();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_LT(CpuSeconds() - before, 0.03);
}

TEST(WorkerPool, RegionsAllocateNothing) {
  WorkerPool pool(3);
  std::atomic<size_t> sum = 0;
  const auto region = [&] {
    pool.ParallelFor(100, 3, [&](size_t begin, size_t end, int) { sum += end - begin; });
  };
  region();
  const size_t before = test::AllocationCount();
  for (int repeat = 0; repeat < 1000; ++repeat) region();
  EXPECT_EQ(test::AllocationCount(), before);
  EXPECT_EQ(sum, 1001u * 100);
  const std::vector<int> counted(1);
  EXPECT_GT(test::AllocationCount(), before);  // the counter counts
}

TEST(WorkerPool, CountsBeyondAnyNumberOfPiecesAreCoveredToo) {
  constexpr size_t kCount = std::numeric_limits<size_t>::max();
  WorkerPool pool(2);
  std::atomic<size_t> covered = 0;
  pool.ParallelFor(kCount, kCount / 3,
                   [&](size_t begin, size_t end, int) { covered += end - begin; });
  EXPECT_EQ(covered, kCount);
  pool.ParallelFor(kCount, kCount - 1,
                   [&](size_t begin, size_t end, int) { covered -= end - begin; });
  EXPECT_EQ(covered, 0u);
}

TEST(WorkerPool, MoreThreadsThanItSupportsAreAnError) {
  try {
    const WorkerPool pool(WorkerPool::kMaxThreads + 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(error.what(), "want at most 1024 threads, got 1025");
  }
}

}  // namespace
}  // namespace hlwq
