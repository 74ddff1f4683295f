// One line on stderr that is redrawn on a terminal; elsewhere a plain line now and then.
#pragma once

#include <string>

#include "base/stopwatch.h"

namespace hlwq::study {

class ProgressLine {
 public:
  explicit ProgressLine(bool is_quiet);
  ~ProgressLine() { Clear(); }

  void Show(const std::string& text);
  void Clear();

 private:
  bool is_quiet_, is_terminal_;
  bool has_line_ = false;
  double last_shown_ = -1e9;
  Stopwatch watch_;
};

}  // namespace hlwq::study
