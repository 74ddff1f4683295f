// What the other end of stdout and stderr is, and text fitted to it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal_text.h"

namespace hlwq::cli {

// One of the standard streams. Writing is unbuffered, and a reader that went away is not an error:
// what it no longer reads is dropped.
class Stream {
 public:
  static const Stream& Out();  // data
  static const Stream& Err();  // talk

  bool is_terminal() const noexcept { return is_terminal_; }
  // Whether escape sequences are welcome: a terminal, NO_COLOR unset, TERM not "dumb".
  bool has_color() const noexcept { return has_color_; }
  // Columns of the terminal now, `fallback` where there is none.
  size_t Width(size_t fallback) const noexcept;

  // False when the reader has gone. Throws Error{kIo} when the system refuses (a full disk behind a
  // redirection).
  bool Write(std::string_view text) const;

 private:
  explicit Stream(int fd) noexcept;

  int fd_;
  bool is_terminal_;
  bool has_color_;
};

// Escape sequences where the stream welcomes them.
TextStyle StyleFor(const Stream& stream) noexcept;

// As wide as the terminal; unlimited where there is none, so that what is piped is whole.
TextLayout LayoutFor(const Stream& stream) noexcept;

// Breaks `text` at spaces into lines of at most `width` columns; longer words stand alone. "\n"
// breaks a line, "\n\n" leaves an empty one; lines that begin with two spaces are kept as they are.
std::vector<std::string> Wrap(std::string_view text, size_t width);

}  // namespace hlwq::cli
