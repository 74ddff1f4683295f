#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
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

bool IsContinuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

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

void Stream::Write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      return;
    } else if (errno != EINTR) {
      const std::string_view name = fd_ == STDOUT_FILENO ? "standard output" : "standard error";
      throw Error(ErrorCode::kIo, fmt::format("{}: {}", name, SystemReason(errno)));
    }
  }
}

Style Style::For(const Stream& stream) noexcept {
  if (!stream.has_color()) return {};
  return {.bold = "\x1b[1m",
          .dim = "\x1b[2m",
          .red = "\x1b[31m",
          .green = "\x1b[32m",
          .yellow = "\x1b[33m",
          .cyan = "\x1b[36m",
          .reset = "\x1b[0m"};
}

std::string Printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

size_t DisplayWidth(std::string_view text) noexcept {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return !IsContinuation(c); }));
}

std::string Shorten(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t end = 0;
  for (size_t columns = 0; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && ++columns == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
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
