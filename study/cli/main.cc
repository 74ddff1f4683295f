#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>
#include <vector>

#include "base/error.h"
#include "hlwq/version.h"
#include "study/cli/thread_waits.h"
#include "study/cli/verbs.h"

namespace hlwq::study {
namespace {

constexpr int kErrorExit = 2;

int Run(std::span<const std::string_view> words) {
  const std::vector<Verb> verbs = {RunVerb(),    PrepareVerb(), TrainVerb(),
                                   EvalVerb(),   SampleVerb(),  DiversityVerb(),
                                   ReportVerb(), ExportVerb(),  PresetVerb()};
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    fmt::print(words.empty() ? stderr : stdout, "{}", HelpText(verbs));
    return words.empty() ? kErrorExit : 0;
  }
  if (words[0] == "--version") {
    fmt::print("hlwq-study {}\n", kVersion);
    return 0;
  }
  const auto verb = std::ranges::find(verbs, words[0], &Verb::name);
  if (verb == verbs.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("there is no verb '{}'; see hlwq-study help", words[0]));
  }
  if (std::ranges::find(words, "--help") != words.end()) {
    fmt::print("{}", HelpText(std::span(&*verb, 1)));
    return 0;
  }
  return verb->run(Arguments(*verb, words.subspan(1)));
}

// One line, whatever it says.
void Report(std::string_view text) {
  fmt::print(stderr, "hlwq-study: error: {}\n", text.substr(0, text.find('\n')));
}

int RunCommandLine(std::span<const std::string_view> words) noexcept {
  std::signal(SIGPIPE, SIG_IGN);
  // A write beyond the limit on file sizes is then an error with a message, as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  // Tensors of megabytes come and go with every operation: kept, not given back to the system and cleared anew.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  try {
    return Run(words);
  } catch (const Error& error) {
    Report(error.what());
    return ExitCode(error.code());
  } catch (const std::bad_alloc&) {
    Report("out of memory");
  } catch (const std::exception& error) {
    Report(error.what());
  }
  return kErrorExit;
}

}  // namespace
}  // namespace hlwq::study

int main(int argc, char** argv) {
  hlwq::study::WaitBriefly(argv);
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return hlwq::study::RunCommandLine(words);
}
