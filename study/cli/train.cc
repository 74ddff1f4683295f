#include <fmt/format.h>
#include <torch/torch.h>

#include <atomic>
#include <csignal>

#include "base/number_text.h"
#include "base/parallel.h"
#include "study/cli/config_flags.h"
#include "study/cli/progress_line.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/training/trainer.h"

namespace hlwq::study {
namespace {

std::atomic<bool> stop_wanted = false;

void WantStop(int) { stop_wanted = true; }

// While training, which then ends with a checkpoint; what else a program does they end at once.
class StopSignals {
 public:
  StopSignals() { SetAll(WantStop); }
  ~StopSignals() { SetAll(SIG_DFL); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  static void SetAll(void (*handler)(int)) {
    std::signal(SIGINT, handler);
    std::signal(SIGTERM, handler);
  }
};

std::string Line(const std::string& name, const TrainProgress& progress) {
  std::string text = fmt::format("{}: step {} of {}, loss {:.4f}, {} tokens/s, {} left", name,
                                 progress.step, progress.steps, progress.loss,
                                 FormatCount(static_cast<uint64_t>(progress.tokens_per_second)),
                                 FormatDuration(progress.seconds_left));
  if (progress.validation_nll != 0)
    text += fmt::format(", validation {:.4f}", progress.validation_nll);
  return text;
}

int RunTrain(const Arguments& arguments) {
  const RunFolder run = OpenRun(arguments.operand(), ConfigOf(arguments), arguments.Text("corpus"));
  const Corpus corpus = OpenCorpus(run);
  torch::set_num_threads(ResolveThreads(static_cast<int>(arguments.Size("threads", 0))));
  const StopSignals signals;
  const std::vector<NetRun> nets = NetsOf(run);
  size_t number = 0;
  for (const NetRun& net : nets) {
    ProgressLine line(arguments.Has("quiet"));
    const std::string name =
        fmt::format("{} of {}, {}", ++number, nets.size(), net.folder.filename().string());
    const TrainEnd end = Train(
        run.config, net.arm, net.seed, corpus, net.folder,
        {.device = arguments.Text("device").value_or("cpu"),
         .on_progress = [&](const TrainProgress& progress) { line.Show(Line(name, progress)); },
         .should_stop = [] { return stop_wanted.load(); }});
    line.Clear();
    if (end == TrainEnd::kStopped) {
      fmt::print(stderr, "hlwq-study: stopped; the same command goes on from here\n");
      return 1;
    }
    fmt::print("{}: done\n", name);
  }
  return 0;
}

}  // namespace

Verb TrainVerb() {
  return {.name = "train",
          .operand = "RUN",
          .help = "trains all arms and seeds of a study, or goes on with them",
          .flags = {kPresetFlag,
                    kConfigFlag,
                    {"corpus", "CORPUS", "what prepare made"},
                    {"device", "NAME", "cpu or cuda (cpu)"},
                    {"threads", "N", "(the cores of this process)"},
                    {"quiet", "", "no progress"}},
          .run = RunTrain};
}

}  // namespace hlwq::study
