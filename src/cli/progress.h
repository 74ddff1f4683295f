// Shows hlwq::ProgressUpdate and TokenProgress: one line that is redrawn on a terminal, a plain line
// now and then elsewhere, nothing when quiet.
#pragma once

#include <functional>
#include <string>

#include "base/progress.h"
#include "cli/arguments.h"

namespace hlwq::cli {

// Not thread-safe; ProgressCallback promises one thread at a time.
class ProgressPrinter {
 public:
  enum class Mode { kQuiet, kPlain, kLine };
  struct Output {
    Mode mode = Mode::kQuiet;
    std::function<void(const std::string&)> write;
    std::function<double()> now_seconds;  // any steady clock
    std::function<size_t()> width;        // columns, for kLine
  };

  // `items` says what ProgressUpdate counts, where it is not tensors.
  ProgressPrinter(std::string title, Output output, std::string items = "tensors");
  // Shows on stderr as it is, unless the arguments say --quiet.
  ProgressPrinter(std::string title, const Arguments& arguments, std::string items = "tensors");
  ~ProgressPrinter();  // Finish()
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  // At most 10 redraws a second, a plain line every 5 seconds.
  void Show(const ProgressUpdate& update);
  void Show(const TokenProgress& update);
  ProgressCallback Callback();
  TokenProgressCallback TokenCallback();

  // Takes the line away, so that what is printed next begins at the left.
  void Finish();

  // Since construction.
  double ElapsedSeconds() const { return output_.now_seconds() - start_; }

 private:
  std::string Text(const ProgressUpdate& update, double seconds) const;
  std::string Text(const TokenProgress& update, double seconds) const;
  template <typename Update>
  void ShowNow(const Update& update);

  std::string title_;
  std::string items_;
  Output output_;
  double start_;
  double last_shown_;
  bool has_line_ = false;
};

}  // namespace hlwq::cli
