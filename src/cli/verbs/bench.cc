// hlwq bench: tokens per second, beside how fast this machine reads memory.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/worker_pool.h"
#include "cli/expert_report.h"
#include "cli/model_options.h"
#include "cli/number_list.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "eval/throughput.h"

namespace hlwq::cli {
namespace {

constexpr int kMostSequences = 1024;
constexpr int kMostDepth = 1 << 24;

// One thread, and all.
std::string DefaultThreads() {
  const int most = WorkerPool(0).threads();
  return most == 1 ? "1" : fmt::format("1,{}", most);
}

}  // namespace

int RunBench(const Arguments& arguments) {
  ProgressPrinter progress("bench", arguments);
  eval::ThroughputOptions options;
  options.prompt_tokens = static_cast<size_t>(arguments.Integer(flag::kPromptTokens));
  options.decode_tokens = static_cast<size_t>(arguments.Integer(flag::kDecodeTokens));
  options.threads =
      ParseNumberList("threads", arguments.FindText(flag::kThreadCounts).value_or(DefaultThreads()),
                      WorkerPool::kMaxThreads);
  if (const auto batches = arguments.FindText(flag::kBatch)) {
    options.batches = ParseNumberList("batch", *batches, kMostSequences);
  }
  if (const auto depths = arguments.FindText(flag::kDepth)) {
    options.depths = ParseNumberList("depth", *depths, kMostDepth);
    std::ranges::sort(options.depths);
  }
  options.repetitions = static_cast<int>(arguments.Integer(flag::kRepetitions));
  options.kv_format = KvFormatOf(arguments);
  options.progress = progress.TokenCallback();
  const auto start = std::chrono::steady_clock::now();
  chat::TextModel model = OpenModel(arguments, arguments.Operand("DIR"), {.threads = 0});
  runtime::Engine& engine = model.engine();
  options.load_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  PrintExperts(arguments, engine);
  report::ThroughputResult result = eval::MeasureThroughput(engine, options);
  result.experts = ExpertsInWords(engine);
  progress.Finish();
  if (arguments.json()) {
    nlohmann::json json = report::ThroughputToJson(result);
    json["model"] = arguments.Operand("DIR");
    PrintJson(json);
  } else if (arguments.Switch(flag::kCsv)) {
    Stream::Out().Write(report::ThroughputToCsv(result));
  } else if (arguments.Switch(flag::kMd)) {
    Stream::Out().Write(report::ThroughputToMarkdown(result));
  } else {
    Stream::Out().Write(report::ThroughputToText(result, LayoutFor(Stream::Out())));
  }
  engine.FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
