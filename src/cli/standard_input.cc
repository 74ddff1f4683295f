#include "cli/standard_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/number_text.h"

namespace hlwq::cli {
namespace {

[[noreturn]] void Fail(int error_number) {
  throw Error(ErrorCode::kIo, fmt::format("standard input: {}", SystemReason(error_number)));
}

}  // namespace

std::string ReadStandardInput(uint64_t max_bytes) {
  std::string text;
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t bytes = read(STDIN_FILENO, piece.data(), piece.size());
    if (bytes == 0) return text;
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) Fail(errno);
    text.append(piece.data(), static_cast<size_t>(bytes));
    if (text.size() > max_bytes) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("standard input: want at most {}", FormatBytes(max_bytes)));
    }
  }
}

bool LineReader::is_terminal() const noexcept { return isatty(STDIN_FILENO) == 1; }

LineReader::Result LineReader::Next(std::string& line) {
  while (true) {
    const size_t newline = buffer_.find('\n');
    if (newline != std::string::npos) {
      line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return Result::kLine;
    }
    if (has_ended_) {
      line = std::exchange(buffer_, {});
      return line.empty() ? Result::kEnd : Result::kLine;
    }
    std::array<char, 4096> piece;
    const ssize_t bytes = read(STDIN_FILENO, piece.data(), piece.size());
    if (bytes < 0 && errno == EINTR) return Result::kInterrupted;
    if (bytes < 0) Fail(errno);
    has_ended_ = bytes == 0;
    buffer_.append(piece.data(), static_cast<size_t>(bytes));
  }
}

}  // namespace hlwq::cli
