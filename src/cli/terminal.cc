#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::cli {
namespace {

bool WantsColor() noexcept {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

}  // namespace

Stream::Stream(int fd) noexcept
    : fd_(fd), is_terminal_(isatty(fd) == 1), has_color_(is_terminal_ && WantsColor()) {}

const Stream& Stream::Out() {
  static const Stream stream(STDOUT_FILENO);
  return stream;
}

const Stream& Stream::Err() {
  static const Stream stream(STDERR_FILENO);
  return stream;
}

size_t Stream::Width(size_t fallback) const noexcept {
  winsize size{};
  if (!is_terminal_ || ioctl(fd_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return fallback;
  return size.ws_col;
}

bool Stream::Write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      return false;
    } else if (errno != EINTR) {
      const std::string_view name = fd_ == STDOUT_FILENO ? "standard output" : "standard error";
      throw Error(ErrorCode::kIo, fmt::format("{}: {}", name, SystemReason(errno)));
    }
  }
  return true;
}

TextStyle StyleFor(const Stream& stream) noexcept {
  if (!stream.has_color()) return {};
  return {.bold = "\x1b[1m",
          .dim = "\x1b[2m",
          .red = "\x1b[31m",
          .green = "\x1b[32m",
          .yellow = "\x1b[33m",
          .cyan = "\x1b[36m",
          .reset = "\x1b[0m"};
}

TextLayout LayoutFor(const Stream& stream) noexcept {
  return {.width = stream.Width(TextLayout().width), .style = StyleFor(stream)};
}

std::vector<std::string> Wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (true) {
    const size_t newline = text.find('\n');
    std::string_view paragraph = text.substr(0, newline);
    if (paragraph.starts_with("  ")) {
      lines.emplace_back(paragraph);
    } else {
      std::string line;
      while (!paragraph.empty()) {
        const size_t space = paragraph.find(' ');
        const std::string_view word = paragraph.substr(0, space);
        paragraph.remove_prefix(space == std::string_view::npos ? paragraph.size() : space + 1);
        if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > width) {
          lines.push_back(std::move(line));
          line.clear();
        }
        if (!line.empty()) line += ' ';
        line += word;
      }
      lines.push_back(std::move(line));
    }
    if (newline == std::string_view::npos) return lines;
    text.remove_prefix(newline + 1);
  }
}

}  // namespace hlwq::cli
