#include "cli/number_list.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace hlwq::cli {

std::vector<int> ParseNumberList(std::string_view flag, std::string_view text, int most) {
  std::vector<int> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 1 || number > most || (rest != end && *rest != ',')) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("--{}: want numbers from 1 to {} with commas between, got '{}'", flag,
                              most, text));
    }
    numbers.push_back(number);
    if (rest == end) return numbers;
    at = rest + 1;
  }
}

}  // namespace hlwq::cli
