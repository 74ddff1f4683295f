// The one exception type of hlwq. Everything that can fail for a reason outside the program throws
// Error.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace hlwq {

enum class ErrorCode {
  kInvalidArgument,  // a flag, recipe or call that makes no sense
  kInvalidData,      // a file whose content contradicts its format
  kUnsupported,      // well-formed, but not something this program handles
  kNotFound,         // a file or tensor that should be there and is not
  kAlreadyExists,    // an output that would be overwritten
  kIo,               // the operating system refused (disk full, permission, short read)
  kSourceChanged,    // the input is not what an earlier part of the same job saw
  kNonFinite,        // NaN, infinity or a magnitude the format cannot hold
  kCancelled,        // the caller asked for it to end
};

// Stable lower-case name ("invalid_data").
std::string_view ErrorCodeName(ErrorCode code) noexcept;

// what() is one line: the contexts, outermost first, then the message, joined by ": ".
// Messages name the file, the tensor, what was expected and what was found.
class Error : public std::exception {
 public:
  // A NUL in the message (names from hostile files) becomes a "\0" of two characters: what() could
  // not show what comes after it.
  Error(ErrorCode code, std::string message);

  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return line_.c_str(); }

  // Puts `context` (a file, a tensor) in front of the line.
  Error& AddContext(std::string_view context) {
    line_ = std::string(context) + ": " + line_;
    return *this;
  }

 private:
  ErrorCode code_;
  std::string line_;
};

}  // namespace hlwq
