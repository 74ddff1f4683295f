#include "text/tokenizer/quoted.h"

#include "base/terminal_text.h"

namespace hlwq::text {

std::string Quoted(std::string_view text) {
  constexpr size_t kWidth = 80;
  // No more bytes than so many columns can have.
  return "'" + Shorten(Printable(text.substr(0, 4 * kWidth)), kWidth) + "'";
}

}  // namespace hlwq::text
