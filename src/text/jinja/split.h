// Taking strings apart and replacing parts of them, as Python does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

// At most `most` splits, any number when negative; from the right they are the last ones.
std::vector<Value> Split(Heap& heap, std::string_view text, std::string_view separator,
                         int64_t most, bool is_from_right);
// At runs of white space; none at the ends.
std::vector<Value> SplitSpace(Heap& heap, std::string_view text, int64_t most, bool is_from_right);
// At every line boundary of Unicode.
std::vector<Value> SplitLines(Heap& heap, std::string_view text, bool keeps_ends);

// `most` replacements at most, any number when negative. An empty `old` is found around every
// character.
std::string Replace(Heap& heap, std::string_view text, std::string_view old,
                    std::string_view replacement, int64_t most);

}  // namespace hlwq::text::jinja
