#include "model/recurrent_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/config.h"
#include "tests/support/shared_data.h"

namespace hlwq::model {
namespace {

ModelConfig ConfigOf(const std::string& model) {
  return ReadModelConfig(ReadJsonFile(test::Golden("good/models/" + model) / "config.json"));
}

// Layers l f l l; 2 key heads of 10, 6 value heads of 7, 3 taps.
constexpr size_t kDeltaLayers[] = {0, 2, 3};
constexpr size_t kInputFloats = 2 * (2 * 2 * 10 + 6 * 7), kMemoryFloats = 6 * 10 * 7;

void Number(RecurrentState& state, float first) {
  for (const size_t layer : kDeltaLayers) {
    for (float& value : state.Inputs(layer)) value = first++;
    for (float& value : state.Memory(layer)) value = first++;
  }
}

std::vector<float> Values(RecurrentState& state) {
  std::vector<float> values;
  for (const size_t layer : kDeltaLayers) {
    for (const std::span<float> part : {state.Inputs(layer), state.Memory(layer)}) {
      values.insert(values.end(), part.begin(), part.end());
    }
  }
  return values;
}

TEST(RecurrentState, HasInputsAndMemoryOfEachDeltaLayerAtFirstZero) {
  const ModelConfig config = ConfigOf("qwen3_next");
  RecurrentState state(config);
  EXPECT_FALSE(state.is_empty());
  for (const size_t layer : kDeltaLayers) {
    EXPECT_EQ(state.Inputs(layer).size(), kInputFloats);
    EXPECT_EQ(state.Memory(layer).size(), kMemoryFloats);
  }
  EXPECT_EQ(RecurrentState::Bytes(config), 3 * (kInputFloats + kMemoryFloats) * sizeof(float));
  EXPECT_TRUE(std::ranges::all_of(Values(state), [](float value) { return value == 0; }));
}

TEST(RecurrentState, PartsDoNotOverlap) {
  RecurrentState state(ConfigOf("qwen3_next"));
  Number(state, 1);
  const std::vector<float> values = Values(state);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i + 1));
}

TEST(RecurrentState, IsEmptyWithoutDeltaLayers) {
  for (const char* model : {"qwen3-odd", "qwen3-moe"}) {
    const ModelConfig config = ConfigOf(model);
    EXPECT_TRUE(RecurrentState(config).is_empty());
    EXPECT_EQ(RecurrentState::Bytes(config), 0u);
    EXPECT_TRUE(RecurrentState(config).Copy().is_empty());
  }
  EXPECT_TRUE(RecurrentState().is_empty());
}

TEST(RecurrentState, CopiesAreEqualAndApart) {
  const ModelConfig config = ConfigOf("qwen3_next");
  RecurrentState state(config), other(config);
  Number(state, 1);
  const std::vector<float> values = Values(state);
  RecurrentState copy = state.Copy();
  other.CopyFrom(state);
  Number(state, 7);
  EXPECT_EQ(Values(copy), values);
  EXPECT_EQ(Values(other), values);
  EXPECT_NE(Values(state), values);
}

TEST(RecurrentState, ClearMakesAllZero) {
  RecurrentState state(ConfigOf("qwen3_next"));
  Number(state, 1);
  state.Clear();
  EXPECT_EQ(Values(state), std::vector<float>(3 * (kInputFloats + kMemoryFloats)));
}

}  // namespace
}  // namespace hlwq::model
