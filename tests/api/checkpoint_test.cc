#include "hlwq/checkpoint.h"

#include <cmath>

#include "tests/api/golden_model.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

TEST(PublicCheckpoint, SaysWhatIsInIt) {
  const Checkpoint checkpoint(GoldenModel());
  const CheckpointInfo& info = checkpoint.info();
  EXPECT_EQ(info.format, "gguf");
  EXPECT_EQ(info.model_type, "llama");
  EXPECT_EQ(checkpoint.path(), GoldenModel());
  EXPECT_THAT(checkpoint.ConfigJson(), testing::HasSubstr("\"llama\""));
  uint64_t weights = 0, bytes = 0;
  for (const TensorInfo& tensor : info.tensors) {
    uint64_t elements = 1;
    for (const uint64_t size : tensor.shape) elements *= size;
    weights += elements;
    bytes += tensor.stored_bytes;
  }
  EXPECT_EQ(info.weights, weights);
  EXPECT_EQ(info.bytes, bytes);
  EXPECT_EQ(info.tensors.front().role, "embedding");
  EXPECT_EQ(info.tensors.front().storage, "Q4_0");
  EXPECT_DOUBLE_EQ(info.tensors.front().bits_per_weight, 4.5);
}

TEST(PublicCheckpoint, GivesTheValuesOfATensorAndTheErrorsOfOneThatWasCoded) {
  const test::TempDir dir;
  const auto value = [](uint64_t index) { return std::sin(static_cast<float>(index)); };
  const std::string name = "model.layers.0.self_attn.q_proj.weight";
  test::WriteSafetensors(dir / "model.safetensors",
                         {{.name = name, .dtype = DType::kF32, .shape = {8, 200}, .value = value}});
  const std::vector<float> values = Checkpoint(dir / "model.safetensors").ReadTensor(name);
  ASSERT_EQ(values.size(), 1600u);
  for (size_t index = 0; index < values.size(); ++index) EXPECT_EQ(values[index], value(index));

  EXPECT_TRUE(Quantize(dir.path() / "model.safetensors", dir / "coded").output.errors);
  const Checkpoint coded(dir / "coded");
  double noise = 0;
  const std::vector<float> decoded = coded.ReadTensor(name);
  for (size_t index = 0; index < values.size(); ++index) {
    noise += std::pow(static_cast<double>(values[index]) - decoded[index], 2);
  }
  ASSERT_TRUE(coded.info().tensors[0].errors);
  EXPECT_NEAR(coded.info().tensors[0].errors->noise, noise, 1e-6 * noise);
}

TEST(PublicCheckpoint, WhatIsNotThereIsNamed) {
  test::ExpectError(ErrorCode::kNotFound, "absent", [] { Checkpoint("absent"); });
  const Checkpoint checkpoint(GoldenModel());
  test::ExpectError(ErrorCode::kNotFound,
                    "no tensor 'k_proj'; there is 'model.layers.0.self_attn.k_proj",
                    [&] { checkpoint.ReadTensor("k_proj"); });
}

TEST(PublicCheckpoint, ACopyOutlivesItsOrigin) {
  auto origin = std::make_unique<Checkpoint>(GoldenModel());
  const std::vector<float> before = origin->ReadTensor("model.norm.weight");
  const Checkpoint copy = *origin;
  origin.reset();
  EXPECT_EQ(copy.ReadTensor("model.norm.weight"), before);
}

}  // namespace
}  // namespace hlwq
