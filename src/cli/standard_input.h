// Text from standard input.
#pragma once

#include <cstdint>
#include <string>

namespace hlwq::cli {

// All of it, to the end. Throws Error{kIo}, Error{kInvalidData} beyond `max_bytes`.
std::string ReadStandardInput(uint64_t max_bytes);

// Lines as they come. One reader for the program.
class LineReader {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  bool is_terminal() const noexcept;
  // Waits for the next line, without its newline; the last one may have none. kInterrupted when a
  // signal came instead (Interrupts), kEnd after the last line. Throws Error{kIo}.
  Result Next(std::string& line);

 private:
  std::string buffer_;
  bool has_ended_ = false;
};

}  // namespace hlwq::cli
