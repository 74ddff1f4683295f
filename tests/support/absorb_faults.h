// A handler of SIGBUS as a program that uses hlwq as a library installs it.
#pragma once

#include <csignal>

namespace hlwq::test {

// While one exists, reads of mapped files that were cut shorter go on (hlwq/mapping_faults.h); any
// other bus error ends the process with kForeignFault.
class AbsorbFaults {
 public:
  static constexpr int kForeignFault = 3;

  AbsorbFaults() noexcept;
  AbsorbFaults(const AbsorbFaults&) = delete;
  AbsorbFaults& operator=(const AbsorbFaults&) = delete;
  ~AbsorbFaults();

 private:
  struct sigaction before_ {};
};

}  // namespace hlwq::test
