#include "tests/support/absorb_faults.h"

#include <unistd.h>

#include "base/mapping_faults.h"

namespace hlwq::test {
namespace {

extern "C" void AbsorbOrEnd(int, siginfo_t* info, void*) {
  if (!AbsorbMappingFault(info->si_addr)) _exit(AbsorbFaults::kForeignFault);
}

}  // namespace

AbsorbFaults::AbsorbFaults() noexcept {
  struct sigaction action {};
  action.sa_sigaction = AbsorbOrEnd;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, &before_);
}

AbsorbFaults::~AbsorbFaults() { sigaction(SIGBUS, &before_, nullptr); }

}  // namespace hlwq::test
