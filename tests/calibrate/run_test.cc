#include "calibrate/run.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "convert/quantize.h"
#include "convert/staging.h"
#include "kernels/cpu_backend.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::calibrate {
namespace {

namespace fs = std::filesystem;

checkpoint::Checkpoint Model() {
  return checkpoint::OpenCheckpoint(test::Golden("good/gguf/llama-bpe/model.gguf"));
}

// A job whose runs count the tokens that the model wrote for them.
struct CountedJob {
  fs::path destination;
  uint64_t seed = 1;
  size_t written = 0;

  void Go(convert::OutputOptions output) {
    written = 0;
    RunOptions options{.tokens = 100, .seed = seed, .threads = 2};
    if (output.destination.resume) options.resumed = destination;
    options.on_text = [this](const TokenProgress& update) { written = update.tokens_done; };
    const Run run(Model(), options);
    convert::QuantizeOptions quantize;
    quantize.recipe = {.recipe = "uniform", .bits = 3};
    quantize.codec = codec::DefaultSpec(codec::kTrellisCodec);
    quantize.calibration = run.calibration();
    quantize.output = std::move(output);
    convert::Quantize(Model(), destination, quantize, kernels::CpuBackend());
  }
};

TEST(Run, ThatIsResumedTakesTheTextThatIsThere) {
  const test::TempDir dir;
  CountedJob whole{.destination = dir / "whole"}, job{.destination = dir / "stopped"};
  whole.Go({});
  EXPECT_GE(whole.written, 100u);
  struct Stop {};
  convert::OutputOptions stopped;
  stopped.progress = [](const ProgressUpdate& update) {
    if (update.tensors_done > 2) throw Stop();
  };
  EXPECT_THROW(job.Go(stopped), Stop);
  EXPECT_GE(job.written, 100u);
  convert::OutputOptions again;
  again.destination.resume = true;
  for (const char* state : {"stopped", "finished"}) {
    job.Go(again);
    EXPECT_EQ(job.written, 0u) << state;
    EXPECT_EQ(test::FolderContent(job.destination), test::FolderContent(whole.destination));
  }
}

TEST(Run, ThatIsResumedWithAnotherSeedOrHalfATextWritesItsOwn) {
  const test::TempDir dir;
  CountedJob job{.destination = dir / "stopped"};
  struct Stop {};
  convert::OutputOptions stopped;
  stopped.progress = [](const ProgressUpdate&) { throw Stop(); };
  EXPECT_THROW(job.Go(stopped), Stop);
  convert::OutputOptions again;
  again.destination.resume = true;
  job.seed = 2;
  EXPECT_THROW(job.Go(again), Error);  // it was begun otherwise
  EXPECT_GE(job.written, 100u);
  job.seed = 1;
  fs::path text = convert::StagingFolder(job.destination) / checkpoint::kCalibrationFileName;
  fs::resize_file(text, fs::file_size(text) / 2);
  job.Go(again);
  EXPECT_GE(job.written, 100u);
}

}  // namespace
}  // namespace hlwq::calibrate
