#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/number_text.h"
#include "cli/terminal.h"

namespace hlwq::cli {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kPlainSeconds = 5;
constexpr size_t kBarColumns = 20;

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ProgressPrinter::Output StderrOutput(const Arguments& arguments) {
  using Mode = ProgressPrinter::Mode;
  const Stream& stream = Stream::Err();
  const Mode mode = arguments.quiet()      ? Mode::kQuiet
                    : stream.is_terminal() ? Mode::kLine
                                           : Mode::kPlain;
  return {.mode = mode,
          .write = [&stream](const std::string& text) { stream.Write(text); },
          .now_seconds = SteadySeconds,
          .width = [&stream] { return stream.Width(80); }};
}

std::string Bar(double fraction) {
  const auto filled = static_cast<size_t>(std::floor(fraction * kBarColumns));
  std::string bar;
  for (size_t column = 0; column < kBarColumns; ++column) bar += column < filled ? "█" : "░";
  return bar;
}

}  // namespace

ProgressPrinter::ProgressPrinter(std::string title, Output output, std::string items)
    : title_(std::move(title)),
      items_(std::move(items)),
      output_(std::move(output)),
      start_(output_.now_seconds()),
      last_shown_(start_) {}

ProgressPrinter::ProgressPrinter(std::string title, const Arguments& arguments, std::string items)
    : ProgressPrinter(std::move(title), StderrOutput(arguments), std::move(items)) {}

ProgressPrinter::~ProgressPrinter() {
  try {
    Finish();
  } catch (...) {  // stderr is gone; there is nobody to tell
  }
}

ProgressCallback ProgressPrinter::Callback() {
  if (output_.mode == Mode::kQuiet) return {};
  return [this](const ProgressUpdate& update) { Show(update); };
}

TokenProgressCallback ProgressPrinter::TokenCallback() {
  if (output_.mode == Mode::kQuiet) return {};
  return [this](const TokenProgress& update) { Show(update); };
}

void ProgressPrinter::Show(const ProgressUpdate& update) { ShowNow(update); }
void ProgressPrinter::Show(const TokenProgress& update) { ShowNow(update); }

template <typename Update>
void ProgressPrinter::ShowNow(const Update& update) {
  if (output_.mode == Mode::kQuiet) return;
  const double now = output_.now_seconds();
  const double interval = output_.mode == Mode::kLine ? kRedrawSeconds : kPlainSeconds;
  if (now - last_shown_ < interval) return;
  last_shown_ = now;
  const std::string text = Text(update, now - start_);
  if (output_.mode == Mode::kPlain) {
    output_.write(text + "\n");
    return;
  }
  // One column stays free: some terminals wrap when the last one is filled.
  const size_t width = output_.width();
  output_.write("\r\x1b[K" + Shorten(text, width > 1 ? width - 1 : 1));
  has_line_ = true;
}

void ProgressPrinter::Finish() {
  if (!has_line_) return;
  has_line_ = false;
  output_.write("\r\x1b[K");
}

std::string ProgressPrinter::Text(const ProgressUpdate& update, double seconds) const {
  const double total = static_cast<double>(update.bytes_total);
  const double done = static_cast<double>(std::min(update.bytes_done, update.bytes_total));
  const double fraction = update.bytes_total == 0 ? 1 : done / total;
  // What an earlier run left complete says nothing about the speed of this one.
  const double worked =
      static_cast<double>(update.bytes_done - std::min(update.bytes_skipped, update.bytes_done));
  const double rate = seconds > 0 ? worked / seconds : 0;
  const std::string left = rate > 0 ? FormatDuration(std::ceil((total - done) / rate)) : "?";
  const std::string bar = output_.mode == Mode::kLine ? Bar(fraction) + " " : "";
  std::string text = fmt::format(
      "{} {}{:3.0f} %  {} of {} {}  {} of {}  {:.2f} GB/s  {} left", title_, bar, 100 * fraction,
      FormatCount(update.tensors_done), FormatCount(update.tensors_total), items_,
      FormatBytes(update.bytes_done), FormatBytes(update.bytes_total), rate / 1e9, left);
  if (output_.mode == Mode::kLine && !update.item.empty()) {
    text += fmt::format("  {}", Printable(update.item));
  }
  return text;
}

std::string ProgressPrinter::Text(const TokenProgress& update, double seconds) const {
  const auto total = static_cast<double>(update.tokens_total);
  const auto done = static_cast<double>(std::min(update.tokens_done, update.tokens_total));
  const double fraction = update.tokens_total == 0 ? 1 : done / total;
  const double rate = seconds > 0 ? done / seconds : 0;
  const std::string left = rate > 0 ? FormatDuration(std::ceil((total - done) / rate)) : "?";
  const std::string bar = output_.mode == Mode::kLine ? Bar(fraction) + " " : "";
  std::string text = fmt::format("{} {}{:3.0f} %  {} of {} tokens  {:.0f} tokens/s  {} left",
                                 title_, bar, 100 * fraction, FormatCount(update.tokens_done),
                                 FormatCount(update.tokens_total), rate, left);
  if (!update.note.empty()) text += fmt::format("  {}", Printable(update.note));
  return text;
}

}  // namespace hlwq::cli
