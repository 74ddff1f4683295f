#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/number_text.h"
#include "base/parallel.h"
#include "base/random.h"
#include "chat/open_tokenizer.h"
#include "study/cli/progress_line.h"
#include "study/cli/run_folder.h"
#include "study/cli/verbs.h"
#include "study/samples/settings.h"
#include "study/sampling/net_models.h"
#include "study/training/checkpoint.h"

namespace hlwq::study {
namespace {

// What all settings of a run share.
struct SampleJob {
  RunFolder run;
  Corpus corpus;
  text::Tokenizer tokenizer;
  SamplingRun sampling;
  uint64_t seed = 0;
  std::string device;
  bool is_quiet = false;
};

// Each setting of each net draws its own numbers.
uint64_t SeedOf(const SampleJob& job, const SamplerRecord& record) {
  const std::string name = fmt::format("{}-{}/{}", record.arm, record.seed, record.name);
  return MixBits(job.seed ^ Xxh3(std::as_bytes(std::span(name)))) >> 11;  // exact in JSON
}

// Whether these samples are there already.
bool AreThere(const std::filesystem::path& path, const SampleSet& wanted, size_t samples) {
  if (!std::filesystem::exists(path)) return false;
  SampleSet found = ReadSamples(path);
  found.sampler.seconds = wanted.sampler.seconds;
  return found.sampler == wanted.sampler && found.samples.size() == samples;
}

void SampleNet(SampleJob& job, const NetRun& net) {
  const char* which = job.run.config.sampling.takes_last ? "last" : "best";
  const std::filesystem::path checkpoint = net.folder / fmt::format("{}.safetensors", which);
  const std::string name = net.folder.filename().string();
  if (!std::filesystem::exists(checkpoint)) {
    fmt::print("{}: not trained yet\n", name);
    return;
  }
  const LoadedNet loaded = LoadNet(checkpoint, job.device);
  NetNextToken next(loaded.net, job.corpus.start());
  NetMaskedToken masked(loaded.net);
  const bool is_causal = loaded.net.options().is_causal;
  const SampledModel model =
      is_causal ? SampledModel{.next = &next} : SampledModel{.masked = &masked};
  const std::filesystem::path folder = job.run.path / "samples" / name;
  std::filesystem::create_directories(folder);
  for (SamplerRecord& record : SettingsOf(job.run.config.sampling, net.arm)) {
    record.seed = net.seed;
    record.trained_steps = loaded.state.step;
    record.sampling_seed = SeedOf(job, record);
    const std::filesystem::path path = folder / (record.name + ".jsonl");
    if (AreThere(path, {.sampler = record}, job.sampling.samples)) {
      fmt::print("{} {}: done before\n", name, record.name);
      continue;
    }
    ProgressLine line(job.is_quiet);
    SamplingRun sampling = job.sampling;
    sampling.schedule = net.arm.schedule;
    sampling.on_progress = [&](size_t done) {
      line.Show(fmt::format("{} {}: {} of {} samples", name, record.name, done, sampling.samples));
    };
    const SampleSet set = MakeSamples(model, record, job.tokenizer, sampling);
    line.Clear();
    WriteSamples(path, set);
    fmt::print("{} {}: {} samples, {}\n", name, record.name, set.samples.size(),
               FormatDuration(set.sampler.seconds));
  }
}

int RunSample(const Arguments& arguments) {
  RunFolder run = OpenRun(arguments.operand(), std::nullopt, std::nullopt);
  Corpus corpus = OpenCorpus(run);
  torch::set_num_threads(ResolveThreads(static_cast<int>(arguments.Size("threads", 0))));
  const SamplingConfig& sampling = run.config.sampling;
  SamplingRun settings = {.samples = arguments.Size("samples", sampling.samples),
                          .batch = sampling.batch,
                          .length = run.config.model.window};
  // Documents of equal length have no token between them: a window is one of them.
  if (corpus.document_tokens() == 0) settings.start = corpus.start();
  text::Tokenizer tokenizer = chat::OpenTokenizerAt(corpus.folder());
  SampleJob job = {
      std::move(run),        std::move(corpus),         std::move(tokenizer),
      std::move(settings),   arguments.Size("seed", 1), arguments.Text("device").value_or("cpu"),
      arguments.Has("quiet")};
  std::filesystem::create_directories(job.run.path / "samples");
  WriteSamples(job.run.path / "samples" / "data.jsonl",
               TakeDocuments(job.corpus.Documents(Split::kTest), job.tokenizer, job.sampling));
  for (const NetRun& net : NetsOf(job.run)) SampleNet(job, net);
  return 0;
}

}  // namespace

Verb SampleVerb() {
  return {.name = "sample",
          .operand = "RUN",
          .help =
              "samples of all nets with all settings of the configuration; those that are there "
              "are kept",
          .flags = {{"samples", "N", "of each setting (as the configuration says)"},
                    {"seed", "N", "of sampling (1)"},
                    {"device", "NAME", "cpu or cuda (cpu)"},
                    {"threads", "N", "(the cores of this process)"},
                    {"quiet", "", "no progress"}},
          .run = RunSample};
}

}  // namespace hlwq::study
