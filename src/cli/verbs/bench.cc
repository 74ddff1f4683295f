// hlwq bench: tokens per second, beside how fast this machine reads memory.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/worker_pool.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "eval/throughput.h"

namespace hlwq::cli {
namespace {

// "1,2,4".
std::vector<int> ThreadCounts(const std::string& text) {
  std::vector<int> counts;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int count = 0;
    const auto [rest, error] = std::from_chars(at, end, count);
    if (error != std::errc() || count < 1 || count > WorkerPool::kMaxThreads ||
        (rest != end && *rest != ',')) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("--threads: want numbers from 1 to {} with commas between, got '{}'",
                              WorkerPool::kMaxThreads, text));
    }
    counts.push_back(count);
    if (rest == end) return counts;
    at = rest + 1;
  }
}

// One thread, and all.
std::string DefaultThreads() {
  const int most = WorkerPool(0).threads();
  return most == 1 ? "1" : fmt::format("1,{}", most);
}

}  // namespace

int RunBench(const Arguments& arguments) {
  ProgressPrinter progress("bench", arguments);
  eval::ThroughputOptions options;
  options.prompt_tokens = static_cast<size_t>(arguments.Integer("prompt-tokens"));
  options.decode_tokens = static_cast<size_t>(arguments.Integer("decode-tokens"));
  options.threads = ThreadCounts(arguments.FindText("threads").value_or(DefaultThreads()));
  options.repetitions = static_cast<int>(arguments.Integer("repetitions"));
  options.cache_dtype = CacheOptionsOf(arguments, 0).dtype;
  options.progress = progress.TokenCallback();
  const eval::ThroughputResult result =
      eval::MeasureThroughput(arguments.Operand("DIR"), options);
  progress.Finish();
  if (arguments.json()) {
    nlohmann::json json = eval::ThroughputToJson(result);
    json["model"] = arguments.Operand("DIR");
    PrintJson(json);
  } else if (arguments.Switch("csv")) {
    Stream::Out().Write(eval::ThroughputToCsv(result));
  } else if (arguments.Switch("md")) {
    Stream::Out().Write(eval::ThroughputToMarkdown(result));
  } else {
    Stream::Out().Write(eval::ThroughputToText(result, LayoutFor(Stream::Out())));
  }
  return 0;
}

}  // namespace hlwq::cli
