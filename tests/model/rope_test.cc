#include "model/rope.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/rope_config.h"

namespace hlwq::model {
namespace {

using checkpoint::RopeConfig;
using nlohmann::json;

RopeConfig Read(const json& config) {
  return checkpoint::ReadRopeConfig(JsonReader(config), {.head_dim = 16, .max_positions = 64});
}

// Angles of position 1: the frequencies, where they are below pi.
std::vector<double> Frequencies(const json& config, size_t length = 1) {
  const Rope rope(Read(config));
  std::vector<float> cosines(rope.pairs()), sines(rope.pairs());
  rope.Angles(1, length, cosines, sines);
  std::vector<double> frequencies;
  for (size_t i = 0; i < rope.pairs(); ++i) frequencies.push_back(std::atan2(sines[i], cosines[i]));
  return frequencies;
}

TEST(Rope, PlainFrequenciesFallGeometrically) {
  const auto got = Frequencies({{"rope_theta", 256.0}});
  ASSERT_EQ(got.size(), 8u);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], std::pow(2.0, -double(i)), 1e-6);
}

TEST(Rope, LinearDividesAll) {
  const auto plain = Frequencies({{"rope_theta", 256.0}});
  const auto scaled =
      Frequencies({{"rope_theta", 256.0}, {"rope_scaling", {{"type", "linear"}, {"factor", 4.0}}}});
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(scaled[i], plain[i] / 4, 1e-6);
}

TEST(Rope, DynamicScalesOnlyPastTheOriginalLength) {
  const json config = {{"rope_theta", 256.0},
                       {"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}}};
  const auto plain = Frequencies({{"rope_theta", 256.0}});
  EXPECT_EQ(Frequencies(config, 64), plain);
  const auto stretched = Frequencies(config, 128);
  const double theta = 256.0 * std::pow(2.0 * 128 / 64 - 1, 16.0 / 14.0);
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_NEAR(stretched[i], std::pow(theta, -double(i) / 8), 1e-6);
  }
}

TEST(Rope, BothConfigLayoutsAreRead) {
  const json v4 = {{"rope_theta", 500.0}, {"rope_scaling", nullptr}};
  const json v5 = {{"rope_parameters", {{"rope_theta", 500.0}, {"rope_type", "default"}}}};
  EXPECT_EQ(Frequencies(v4), Frequencies(v5));
}

TEST(Rope, WhatStandsInRopeScalingCountsBeforeWhatStandsBesideIt) {
  const json inside = {{"rope_theta", 100.0}, {"rope_scaling", {{"rope_theta", 500.0}}}};
  EXPECT_EQ(Frequencies(inside), Frequencies({{"rope_theta", 500.0}}));
}

TEST(Rope, RopeScalingReplacesRopeParametersUnlessItIsEmpty) {
  const json linear = {{"rope_type", "linear"}, {"factor", 4.0}};
  json config = {{"rope_theta", 100.0}, {"rope_scaling", linear}};
  const auto alone = Frequencies(config);
  config["rope_parameters"] = {{"rope_theta", 500.0}, {"rope_type", "default"}};
  EXPECT_EQ(Frequencies(config), alone);
  config["rope_scaling"] = json::object();
  EXPECT_EQ(Frequencies(config), Frequencies({{"rope_theta", 500.0}}));
}

TEST(Rope, TheOriginalLengthOfTheWholeConfigCounts) {
  json config = {
      {"rope_scaling",
       {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}}}};
  EXPECT_EQ(Read(config).original_positions, 16);
  config["original_max_position_embeddings"] = 32;
  EXPECT_EQ(Read(config).original_positions, 32);
}

TEST(Rope, YarnMagnitudeIsALogarithmByDefault) {
  const RopeConfig rope = Read({{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}}});
  EXPECT_DOUBLE_EQ(rope.magnitude, 0.1 * std::log(4.0) + 1);
}

TEST(Rope, BadConfigsNameTheKey) {
  const auto message = [](const json& config) {
    try {
      Read(config);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message({{"rope_scaling", {{"type", "longrope"}}}}).find("longrope"),
            std::string::npos);
  EXPECT_NE(message({{"rope_scaling", {{"type", "linear"}}}}).find("rope_scaling.factor"),
            std::string::npos);
  EXPECT_NE(message({{"rope_parameters", {{"sliding_attention", {{"rope_theta", 5}}}}}})
                .find("rope_parameters.sliding_attention"),
            std::string::npos);
  EXPECT_NE(message({{"rope_theta", "big"}}).find("rope_theta"), std::string::npos);
  EXPECT_NE(message({{"rope_scaling",
                      {{"rope_type", "llama3"},
                       {"factor", 8},
                       {"low_freq_factor", 4},
                       {"high_freq_factor", 4}}}})
                .find("high_freq_factor"),
            std::string::npos);
}

}  // namespace
}  // namespace hlwq::model
