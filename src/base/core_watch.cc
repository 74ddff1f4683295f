#include "base/core_watch.h"

#include <sched.h>
#include <sys/resource.h>

namespace hlwq {

int64_t CoreLosses() noexcept {
#ifdef RUSAGE_THREAD
  constexpr int kWho = RUSAGE_THREAD;
#else
  constexpr int kWho = RUSAGE_SELF;
#endif
  rusage usage{};
  getrusage(kWho, &usage);
  return usage.ru_nivcsw;
}

void LeaveCore() noexcept {
#ifdef __linux__
  const int core = sched_getcpu();
  cpu_set_t allowed;
  if (core < 0 || sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<unsigned>(core), &others);
  // The first call moves the thread, the second lets the system place it again.
  if (CPU_COUNT(&others) != 0 && sched_setaffinity(0, sizeof(others), &others) == 0) {
    sched_setaffinity(0, sizeof(allowed), &allowed);
  }
#endif
}

}  // namespace hlwq
