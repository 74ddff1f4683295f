// Ctrl-C as a question to the program instead of its end.
#pragma once

#include <csignal>

namespace hlwq::cli {

// While one exists, SIGINT only sets a flag and interrupts a waiting read. One at a time.
class Interrupts {
 public:
  Interrupts() noexcept;
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  bool was_interrupted() const noexcept;
  // Forgets it; returns whether there was one.
  bool Clear() noexcept;

 private:
  struct sigaction previous_ {};
};

}  // namespace hlwq::cli
