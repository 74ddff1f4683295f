// Models as they are published: other names, other types; the same computation.
#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "convert/dequantize.h"
#include "kernels/cpu_backend.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

std::vector<float> LogitsOf(checkpoint::Checkpoint checkpoint) {
  Engine engine(std::move(checkpoint), {.threads = 1});
  return test::Logits(engine, test::SomeTokens(9, engine.config().sizes.vocab), 9);
}

TEST(SourceForms, NamesMayLackTheirPrefix) {
  const std::filesystem::path folder = test::Golden("good/models/llama-linear");
  checkpoint::Checkpoint bare = checkpoint::OpenCheckpoint(folder);
  for (checkpoint::TensorEntry& entry : bare.tensors) {
    if (entry.name.starts_with("model.")) entry.name.erase(0, 6);
  }
  EXPECT_EQ(LogitsOf(std::move(bare)), LogitsOf(checkpoint::OpenCheckpoint(folder)));
}

TEST(SourceForms, AMissingTensorOfSuchAModelIsNamedAsItWouldBe) {
  checkpoint::Checkpoint bare =
      checkpoint::OpenCheckpoint(test::Golden("good/models/llama-linear"));
  for (checkpoint::TensorEntry& entry : bare.tensors) {
    if (entry.name.starts_with("model.")) entry.name.erase(0, 6);
  }
  std::erase_if(bare.tensors, [](const auto& entry) { return entry.name == "norm.weight"; });
  try {
    LogitsOf(std::move(bare));
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'norm.weight'"), std::string::npos) << error.what();
  }
}

// Quantized by others as FP8: decoded when it is opened to be run, as dequantize decodes it.
TEST(SourceForms, SmallFloatsRunAsWhatTheyStandFor) {
  const std::filesystem::path folder = test::SharedData("cases/F03/block");
  HLWQ_REQUIRE_SHARED(folder);
  const test::TempDir dir;
  convert::Dequantize(checkpoint::OpenCheckpoint(folder), dir / "plain", {}, kernels::CpuBackend());
  EXPECT_EQ(LogitsOf(checkpoint::OpenCheckpoint(folder)),
            LogitsOf(checkpoint::OpenCheckpoint(dir / "plain")));
}

}  // namespace
}  // namespace hlwq::runtime
