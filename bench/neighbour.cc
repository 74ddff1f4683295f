// A decode beside a busy neighbour: tokens of 150 regions that read a model's weights between them,
// with 1 and 2 threads, alone and beside a process that spins on core 1 or wherever the system puts
// it. Rounds of all cases are interleaved, so that what else the machine does meets each alike;
// medians.
//
//   hlwq_neighbour [ROUNDS [SECONDS [MB]]]     default 10 rounds, 0.5 s a case and round, 84 MB a
//   token
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "bench/region_peers.h"

namespace hlwq::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kRegions = 150;
constexpr size_t kRows = 256, kGrain = 8;  // 32 pieces

enum class Neighbour { kNone, kPinned, kAnywhere };

class Spinner {
 public:
  explicit Spinner(Neighbour where) {
    if (where == Neighbour::kNone) return;
    process_ = fork();
    if (process_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();  // as a program of another session: the system shares cores between sessions
    if (where == Neighbour::kPinned) {
      cpu_set_t cores;
      CPU_ZERO(&cores);
      CPU_SET(1, &cores);
      sched_setaffinity(0, sizeof(cores), &cores);
    }
    for (volatile uint64_t forever = 0;;) forever = forever + 1;
  }
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;
  ~Spinner() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_ = -1;
};

using Words = std::span<const uint64_t>;

uint64_t SumRows(Words region, size_t begin, size_t end) {
  const uint64_t* first = region.data() + region.size() * begin / kRows;
  const uint64_t* const last = region.data() + region.size() * end / kRows;
  uint64_t sums[8] = {};
  for (; first + 8 <= last; first += 8) {
    for (size_t lane = 0; lane < 8; ++lane) sums[lane] += first[lane];
  }
  for (; first < last; ++first) sums[0] += *first;
  uint64_t sum = 0;
  for (const uint64_t lane : sums) sum += lane;
  return sum;
}

template <typename Regions>
double TokensPerSecond(Words weights, int threads, double seconds) {
  Regions regions(threads);
  struct alignas(128) Sum {
    uint64_t value = 0;
  };
  std::vector<Sum> sums(static_cast<size_t>(threads));
  const auto token = [&] {
    for (size_t region = 0; region < kRegions; ++region) {
      const size_t words = weights.size() / kRegions;
      const Words mine = weights.subspan(region * words, words);
      regions.ParallelFor(kRows, kGrain, [&](size_t begin, size_t end, int worker) {
        sums[static_cast<size_t>(worker)].value += SumRows(mine, begin, end);
      });
    }
  };
  token();
  const Clock::time_point start = Clock::now();
  std::chrono::duration<double> elapsed{};
  size_t tokens = 0;
  for (; elapsed.count() < seconds; ++tokens) {
    token();
    elapsed = Clock::now() - start;
  }
  return static_cast<double>(tokens) / elapsed.count();
}

double Median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

struct Case {
  std::string regions;
  int threads;
  std::function<double()> measure;
  std::vector<double> rates[3] = {};  // by Neighbour
};

template <typename Regions>
void AddCases(const std::string& name, Words weights, double seconds, std::vector<Case>& cases) {
  for (const int threads : {1, 2}) {
    cases.push_back(
        {name, threads, [=] { return TokensPerSecond<Regions>(weights, threads, seconds); }});
  }
}

void Run(int rounds, double seconds, double megabytes) {
  const std::vector<uint64_t> weights(static_cast<size_t>(megabytes * 1e6 / sizeof(uint64_t)), 1);
  std::vector<Case> cases;
  AddCases<WorkerPool>("WorkerPool", weights, seconds, cases);
  AddCases<TbbRegions<tbb::auto_partitioner>>("oneTBB", weights, seconds, cases);
  AddCases<SpinBarrier>("SpinBarrier", weights, seconds, cases);
  for (int round = 0; round < rounds; ++round) {
    for (const Neighbour neighbour : {Neighbour::kNone, Neighbour::kPinned, Neighbour::kAnywhere}) {
      const Spinner spinner(neighbour);
      for (Case& one : cases) one.rates[static_cast<size_t>(neighbour)].push_back(one.measure());
    }
  }
  std::printf("Tokens/s and their ratio to 1 thread beside the same neighbour.\n");
  std::printf("%-12s %8s %13s %13s %13s\n", "regions", "threads", "alone", "on core 1", "anywhere");
  double single[3] = {};
  for (const Case& one : cases) {
    std::printf("%-12s %8d", one.regions.c_str(), one.threads);
    for (size_t where = 0; where < 3; ++where) {
      const double rate = Median(one.rates[where]);
      if (one.threads == 1) single[where] = rate;
      std::printf("  %6.1f %4.2fx", rate, rate / single[where]);
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace hlwq::bench

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 10;
  const double seconds = count > 2 ? std::atof(arguments[2]) : 0.5;
  const double megabytes = count > 3 ? std::atof(arguments[3]) : 84;
  if (rounds < 1 || !(seconds > 0) || !(megabytes >= 1 && megabytes < 1e5)) {
    std::fprintf(stderr, "usage: hlwq_neighbour [ROUNDS [SECONDS [MB]]]\n");
    return 2;
  }
  hlwq::bench::Run(rounds, seconds, megabytes);
}
