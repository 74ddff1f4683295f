#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace hlwq::cli {

void PrintJson(const nlohmann::json& document) {
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  Stream::Out().Write(document.dump(2, ' ', false, kReplace) + "\n");
}

void PrintSummary(const Arguments& arguments, std::string_view text) {
  if (!arguments.json() && !arguments.quiet()) Stream::Out().Write(text);
}

void PrintNote(const Arguments& arguments, std::string_view line) {
  if (arguments.quiet()) return;
  const TextStyle style = StyleFor(Stream::Err());
  Stream::Err().Write(
      fmt::format("{}hlwq: note:{} {}\n", style.yellow, style.reset, Printable(line)));
}

HelpLayout HelpLayoutFor(const Stream& stream) {
  constexpr size_t kWidest = 100;
  constexpr size_t kNarrowest = 60;
  return {.width = std::clamp(stream.Width(kWidest), kNarrowest, kWidest),
          .style = StyleFor(stream)};
}

}  // namespace hlwq::cli
