#include "checkpoint/open_synthetic.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "codec/backend.h"
#include "convert/dequantize.h"
#include "convert/quantize.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

nlohmann::json SmallConfig(const test::TempDir& dir) {
  test::WriteSmallLlama(dir / "shape", 3);
  return ReadJsonFile(dir / "shape" / "config.json");
}

TEST(Synth, HasTheShapesOfTheModelAndIsTheSameForTheSameSeed) {
  const test::TempDir dir;
  const auto config = SmallConfig(dir);
  DequantizeOptions options;
  options.operation = "synth";
  for (const auto& [name, seed] : {std::pair("a", 1), std::pair("b", 1), std::pair("c", 2)}) {
    Dequantize(checkpoint::OpenSynthetic(config, seed, 0), dir / name, options,
               codec::ReferenceBackend());
  }
  EXPECT_EQ(test::FolderContent(dir / "a"), test::FolderContent(dir / "b"));
  EXPECT_NE(test::FolderContent(dir / "a"), test::FolderContent(dir / "c"));
  const auto made = checkpoint::OpenCheckpoint(dir / "a");
  const auto shape = checkpoint::OpenCheckpoint(dir / "shape");
  EXPECT_EQ(made.tensors.size(), shape.tensors.size());
  for (const auto& entry : shape.tensors) {
    ASSERT_NE(made.Find(entry.name), nullptr) << entry.name;
    EXPECT_EQ(made.Find(entry.name)->shape, entry.shape);
  }
}

TEST(Synth, StraightToCodesEqualsQuantizingTheWeightsButForTheirRounding) {
  const test::TempDir dir;
  const auto source = checkpoint::OpenSynthetic(SmallConfig(dir), 7, 1);
  const ConversionResult result = Quantize(
      source, dir / "coded", {.recipe = {.recipe = "published"}}, codec::ReferenceBackend());
  const auto coded = checkpoint::OpenCheckpoint(dir / "coded");
  EXPECT_EQ(coded.config["num_hidden_layers"], 1);
  for (const auto& report : result.job.manifest.reports) {
    if (!report.is_quantized) continue;
    EXPECT_GT(report.errors->SnrDb(), 26) << report.name;
    EXPECT_LT(report.errors->SnrDb(), 35) << report.name;
  }
}

}  // namespace
}  // namespace hlwq::convert
