#include "study/cli/thread_waits.h"

#include <unistd.h>

#include <cstdlib>

namespace hlwq::study {

void WaitBriefly(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (setenv("GOMP_SPINCOUNT", "1000", /*overwrite=*/1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace hlwq::study
