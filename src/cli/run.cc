#include "cli/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/bus_error.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/protected_files.h"
#include "cli/standard_streams.h"
#include "cli/terminal.h"
#include "hlwq/version.h"
#include "kernels/vector_target.h"

namespace hlwq::cli {
namespace {

constexpr int kErrorExit = 2;

// Even where the command line itself is wrong, --json asks for errors as JSON.
bool WantsJson(std::span<const std::string_view> words) noexcept {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

void Report(std::string_view code, std::string_view message, bool wants_json) {
  const TextStyle style = StyleFor(Stream::Err());
  Stream::Err().Write(
      fmt::format("{}hlwq: error:{} {}\n", style.red, style.reset, Printable(message)));
  if (wants_json) PrintJson({{"error", {{"code", code}, {"message", message}}}});
}

int Run(const CommandTable& table, std::span<const std::string_view> words) {
  using Action = CommandLine::Action;
  if (words.empty()) {
    Stream::Err().Write(RenderOverview(table, HelpLayoutFor(Stream::Err())));
    return kErrorExit;
  }
  const CommandLine command = ParseCommandLine(table, words);
  switch (command.action) {
    case Action::kVersion:
      Stream::Out().Write(fmt::format("hlwq {}\n", kVersion));
      return 0;
    case Action::kShortHelp:
    case Action::kLongHelp: {
      HelpLayout layout = HelpLayoutFor(Stream::Out());
      layout.is_long = command.action == Action::kLongHelp;
      Stream::Out().Write(command.verb == nullptr ? RenderOverview(table, layout)
                                                  : RenderVerbHelp(table, *command.verb, layout));
      return 0;
    }
    case Action::kRun:
      if (const char* target = std::getenv("HLWQ_TARGET")) {
        WithContext("HLWQ_TARGET", [&] { kernels::CapVectorTarget(target); });
      }
      CheckOutputFiles(*command.arguments);
      return command.verb->run(*command.arguments);
  }
  return kErrorExit;
}

}  // namespace

int RunCommandLine(const CommandTable& table, std::span<const std::string_view> words) noexcept {
  // A closed pipe must not kill a job that is writing files; Stream drops what nobody reads.
  std::signal(SIGPIPE, SIG_IGN);
  // A write beyond the limit on file sizes is then an error with a message, as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  OpenStandardStreams();
  const bool wants_json = WantsJson(words);
  HandleBusErrors(wants_json);
  try {
    try {
      return Run(table, words);
    } catch (const Error& error) {
      Report(ErrorCodeName(error.code()), error.what(), wants_json);
      return ExitCode(error.code());
    } catch (const std::bad_alloc&) {
      Report("out_of_memory", "out of memory", wants_json);
    } catch (const std::exception& error) {
      Report("internal", error.what(), wants_json);
    }
  } catch (...) {  // the report itself could not be written
  }
  return kErrorExit;
}

}  // namespace hlwq::cli
