// The regular expressions of a tokenizer.json in the syntax of PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace hlwq::text {

// Hugging Face's tokenizers run Oniguruma, whose syntax is near that of PCRE2 but not the same: \s
// and \w are other sets, \h is a hexadecimal digit, \v one character, (?m) concerns the dot,
// {n}+ repeats a repetition, {,n} is an interval, \p{Han} is a script without its extensions. What
// is returned means, compiled with PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE and newline LF, what
// `pattern` means there. Throws Error{kUnsupported} naming a construct it does not know,
// Error{kInvalidData} where a bracket is open; what else is wrong PCRE2 will say.
std::string ToPcre2Syntax(std::string_view pattern);

}  // namespace hlwq::text
