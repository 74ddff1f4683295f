#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/evaluation/evaluate.h"
#include "study/training/checkpoint.h"

namespace hlwq::study {
namespace {

constexpr uint64_t kNoiseSeed = 0xE7A1;

void Show(const NetRun& net, const char* which, size_t step, std::string_view split,
          const Likelihood& found) {
  std::string text = fmt::format(
      "{:<22} {:<5} step {:<7} {:<11} {} {:.4f} ± {:.4f}", net.folder.filename().string(), which,
      step, split, found.is_exact ? "NLL  " : "NELBO", found.nll, found.standard_error);
  if (found.kl)
    text += fmt::format("  KL {} {:.4f} ± {:.4f}", found.is_exact ? "=" : "<=", *found.kl,
                        found.kl_error);
  fmt::print("{}\n", text);
}

nlohmann::json EvaluateCheckpoint(const RunFolder& run, const NetRun& net, const Corpus& corpus,
                                  const char* which, const std::string& device) {
  const LoadedNet loaded = LoadNet(net.folder / fmt::format("{}.safetensors", which), device);
  const auto objective = MakeObjective(loaded.arm, corpus.start());
  nlohmann::json document = {{"step", loaded.state.step}};
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const auto found = Evaluate(loaded.net, *objective, corpus,
                                {.split = split,
                                 .windows = run.config.evaluation.final_windows,
                                 .noise_samples = run.config.evaluation.final_noise_samples,
                                 .seed = kNoiseSeed});
    const std::string_view name = kSplitNames[static_cast<size_t>(split)];
    document[std::string(name)] = ToJson(found);
    Show(net, which, loaded.state.step, name, found);
  }
  return document;
}

// Whether eval.json is of the checkpoints that are there.
bool IsEvaluated(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "eval.json")) return false;
  const nlohmann::json found = ReadJsonFile(folder / "eval.json");
  const nlohmann::json state = ReadJsonFile(folder / "state.json");
  const auto step = [&](const char* which) {
    return found.value(nlohmann::json::json_pointer(std::string("/") + which + "/step"), size_t{0});
  };
  return step("last") == state.value("step", size_t{0}) &&
         step("best") == state.value("best_step", size_t{0});
}

int RunEval(const Arguments& arguments) {
  const RunFolder run = OpenRun(arguments.operand(), std::nullopt, std::nullopt);
  const Corpus corpus = OpenCorpus(run);
  torch::set_num_threads(ResolveThreads(static_cast<int>(arguments.Size("threads", 0))));
  const std::string device = arguments.Text("device").value_or("cpu");
  for (const NetRun& net : NetsOf(run)) {
    if (!std::filesystem::exists(net.folder / "last.safetensors")) {
      fmt::print("{}: not trained yet\n", net.folder.filename().string());
      continue;
    }
    if (IsEvaluated(net.folder)) continue;
    nlohmann::json document = {{"arm", net.arm.name}, {"seed", net.seed}};
    for (const char* which : {"best", "last"}) {
      if (std::filesystem::exists(net.folder / fmt::format("{}.safetensors", which))) {
        document[which] = EvaluateCheckpoint(run, net, corpus, which, device);
      }
    }
    WriteFileAtomically(net.folder / "eval.json", DumpJson(document));
  }
  return 0;
}

}  // namespace

Verb EvalVerb() {
  return {.name = "eval",
          .operand = "RUN",
          .help = "likelihoods of all splits of what has none yet, and the distance to a source",
          .flags = {{"device", "NAME", "cpu or cuda (cpu)"},
                    {"threads", "N", "(the cores of this process)"}},
          .run = RunEval};
}

}  // namespace hlwq::study
