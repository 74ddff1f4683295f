#include "study/cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace hlwq::study {

ProgressLine::ProgressLine(bool is_quiet)
    : is_quiet_(is_quiet), is_terminal_(::isatty(STDERR_FILENO) != 0) {}

void ProgressLine::Show(const std::string& text) {
  const double now = watch_.Seconds();
  if (is_quiet_ || now - last_shown_ < (is_terminal_ ? 0.1 : 5.0)) return;
  last_shown_ = now;
  if (is_terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", text);
    has_line_ = true;
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
}

void ProgressLine::Clear() {
  if (has_line_) fmt::print(stderr, "\r\x1b[K");
  has_line_ = false;
}

}  // namespace hlwq::study
