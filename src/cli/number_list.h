// Several numbers in one value.
#pragma once

#include <string_view>
#include <vector>

namespace hlwq::cli {

// "1,2,4": numbers from 1 to `most`. Throws Error{kInvalidArgument} naming the flag.
std::vector<int> ParseNumberList(std::string_view flag, std::string_view text, int most);

}  // namespace hlwq::cli
