// Text of a tokenizer.json in an error message.
#pragma once

#include <string>
#include <string_view>

namespace hlwq::text {

// In quotation marks, on one line, and shortened: tokens may be newlines, patterns pages long.
std::string Quoted(std::string_view text);

}  // namespace hlwq::text
