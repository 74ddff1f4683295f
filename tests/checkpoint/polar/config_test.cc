#include "checkpoint/polar/config.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;
using testing::HasSubstr;

PolarConfig Ours() {
  PolarConfig config;
  config.base_model = "org/model";
  config.bit_assignment = {{"q_proj", 5}, {"experts", 3}};
  HlwqSection section;
  section.tool_version = "0.1.0";
  section.specs.push_back({.parameters = {}, .bits = 5, .levels = std::vector<float>(32, 0.25f)});
  section.specs.push_back(
      {.parameters = codec::HlwqParameters{.scale_rule = codec::ScaleRule::kNorm},
       .bits = 3,
       .levels = std::vector<float>(8, -1.5f)});
  section.tensors["model.q_proj.weight"] = {0, DType::kF16, {64, 100}};
  section.tensors["model.experts.down_proj"] = {1, DType::kBF16, {4, 64, 200}};
  section.sources.push_back({"model.safetensors", uint64_t{1} << 40, 0xFEDCBA9876543210u});
  config.hlwq = section;
  DescribeForPublishedReaders(config);
  return config;
}

void ExpectRefused(const json& document, ErrorCode code, const std::string& message) {
  test::ExpectError(code, message, [&] { ParsePolarConfig(document); });
}

TEST(PolarConfig, ParseInvertsToJson) {
  const PolarConfig config = Ours();
  const json document = PolarConfigToJson(config);
  EXPECT_EQ(ParsePolarConfig(document), config);
  EXPECT_EQ(ParsePolarConfig(json::parse(document.dump())), config);
}

TEST(PolarConfig, PublishedKeysAreThoseOfTheSpecWithTheMostWeights) {
  const PolarConfig config = Ours();
  EXPECT_EQ(config.format, "hlwq-q3");
  EXPECT_EQ(config.bits, 3);
  EXPECT_EQ(config.block_size, 128u);
  EXPECT_EQ(config.quantization, "hlwq");
  const json document = PolarConfigToJson(config);
  EXPECT_EQ(document["layers"]["model.q_proj"],
            (json{{"in_features", 100}, {"out_features", 64}, {"bits", 5}, {"block_size", 128}}));
  EXPECT_EQ(document["layers"]["model.experts.down_proj"]["slices"], 4);
}

TEST(PolarConfig, OfCodecsThatOthersDoNotKnowPublishedKeysTellOnlyTheName) {
  PolarConfig config = Ours();
  codec::CodecSpec spec = codec::DefaultSpec("hlwq-t");
  spec.levels.assign(64, 3.0f);
  config.hlwq->specs.push_back(spec);
  config.hlwq->tensors["model.head.weight"] = {2, DType::kBF16, {1000, 1000}};
  DescribeForPublishedReaders(config);
  EXPECT_EQ(config.format, "hlwq-t-q5");
  EXPECT_EQ(config.quantization, "hlwq-t");
  EXPECT_FALSE(config.bits);
  EXPECT_FALSE(config.block_size);
  EXPECT_EQ(FindLayer(config, "model.head.weight"), nullptr);
  EXPECT_NE(FindLayer(config, "model.q_proj.weight"), nullptr);
  EXPECT_EQ(ParsePolarConfig(PolarConfigToJson(config)), config);
}

TEST(PolarConfig, NamesThatDifferInWeightOnlyKeepTheirOwnLayers) {
  PolarConfig config = Ours();
  config.hlwq->tensors["model.q_proj"] = {0, DType::kF16, {8, 8}};
  DescribeForPublishedReaders(config);
  EXPECT_EQ(config.layers.at("model.q_proj").out_features, 8u);
  EXPECT_EQ(config.layers.at("model.q_proj.weight").out_features, 64u);
  EXPECT_EQ(ParsePolarConfig(PolarConfigToJson(config)), config);
}

TEST(PolarConfig, DescribingNeedsASectionWhoseTensorsHaveSpecs) {
  PolarConfig config;
  EXPECT_THROW(DescribeForPublishedReaders(config), Error);
  config = Ours();
  config.hlwq->tensors["model.q_proj.weight"].spec = 2;
  EXPECT_THROW(DescribeForPublishedReaders(config), Error);
}

TEST(PolarConfig, NullIsAnEmptyConfig) {
  EXPECT_EQ(ParsePolarConfig(nullptr), PolarConfig());
  EXPECT_EQ(ParsePolarConfig(json::object()), PolarConfig());
  EXPECT_FALSE(HasHlwqSection(nullptr));
  EXPECT_TRUE(HasHlwqSection({{"hlwq", 1}}));
}

TEST(PolarConfig, PublishedKeysThatAreUnknownOrNullAreIgnored) {
  const PolarConfig config = ParsePolarConfig(json::parse(R"({
    "format": "polar_engine_v5", "bits": null, "anything": [1, {}],
    "layers": {"a": {"in_features": 10, "n_blocks": "x", "packed_q5": true, "packed": null}}})"));
  EXPECT_EQ(config.format, "polar_engine_v5");
  EXPECT_FALSE(config.bits);
  EXPECT_EQ(config.layers.at("a").in_features, 10u);
  EXPECT_TRUE(config.layers.at("a").is_packed_q5);
  EXPECT_FALSE(config.layers.at("a").is_packed);
  EXPECT_FALSE(config.hlwq);
}

TEST(PolarConfig, PublishedKeysInUseAreTypedAndBounded) {
  const auto refused = [](json document, const std::string& message) {
    ExpectRefused(document, ErrorCode::kInvalidData, message);
  };
  refused(json::array(), "want an object, got a list of 0");
  refused({{"bits", -1}}, "'bits': want an integer in 1..16, got -1");
  refused({{"bits", 5.0}}, "'bits': want an integer in 1..16, got 5.0");
  refused({{"bits", 17}}, "got 17");
  refused({{"format", 5}}, "'format': want a string, got 5");
  refused({{"block_size", 0}}, "'block_size': want an integer in 1..65536, got 0");
  refused({{"bit_assignment", {{"q", true}}}}, "'bit_assignment.q'");
  refused({{"layers", json::array()}}, "'layers': want an object");
  refused({{"layers", {{"a", 1}}}}, "layers: 'a': want an object");
  refused({{"layers", {{"a", {{"packed", 1}}}}}}, "'packed': want true or false, got 1");
  refused({{"layers", {{"a", {{"in_features", UINT64_MAX}}}}}}, "'in_features'");
}

TEST(PolarConfig, EveryKeyOfOurSectionIsRequired) {
  const json document = PolarConfigToJson(Ours());
  const auto without = [&](const char* pointer) {
    json copy = document;
    const json::json_pointer path(pointer);
    copy[path.parent_pointer()].erase(path.back());
    ExpectRefused(copy, ErrorCode::kInvalidData, "'" + path.back() + "'");
  };
  for (const char* key :
       {"/hlwq/format_version", "/hlwq/tool_version", "/hlwq/specs", "/hlwq/tensors",
        "/hlwq/sources", "/hlwq/specs/0/levels", "/hlwq/tensors/model.q_proj.weight/spec",
        "/hlwq/tensors/model.q_proj.weight/dtype", "/hlwq/tensors/model.q_proj.weight/shape",
        "/hlwq/sources/0/name", "/hlwq/sources/0/bytes", "/hlwq/sources/0/xxh3"}) {
    without(key);
  }
}

TEST(PolarConfig, UnknownKeysOfOurSectionAreIgnored) {
  json document = PolarConfigToJson(Ours());
  document["hlwq"]["later"] = {1, 2};
  document["hlwq"]["tensors"]["model.q_proj.weight"]["later"] = "x";
  EXPECT_EQ(ParsePolarConfig(document), Ours());
}

TEST(PolarConfig, ANewerFormatVersionIsUnsupported) {
  json document = PolarConfigToJson(Ours());
  document["hlwq"]["format_version"] = HlwqSection::kFormatVersion + 1;
  ExpectRefused(document, ErrorCode::kUnsupported, "reads up to 1, got 2");
}

TEST(PolarConfig, LayersThatContradictTheSectionAreRefused) {
  const json good = PolarConfigToJson(Ours());
  for (const char* key : {"in_features", "out_features", "bits", "block_size"}) {
    json document = good;
    document["layers"]["model.q_proj"][key] = 7;
    ExpectRefused(document, ErrorCode::kInvalidData, "'" + std::string(key) + "'");
  }
  json document = good;
  document["layers"]["model.q_proj"]["slices"] = 7;
  ExpectRefused(document, ErrorCode::kInvalidData, "'slices': section hlwq says nothing, got 7");
}

TEST(RecordedBits, LayersThenTheLongestPatternThenBitsThenTheFormat) {
  PolarConfig config;
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight"), std::nullopt);
  config.format = "polar_engine_v4";  // its number is not a width
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight"), std::nullopt);
  config.format = "hlwq-q6";
  std::string source;
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight", &source), 6);
  EXPECT_EQ(source, "format");
  config.bits = 4;
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight", &source), 4);
  EXPECT_EQ(source, "bits");
  config.bit_assignment = {{"proj", 3}, {"q_proj", 2}, {"gate_up_proj", 8}};
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight", &source), 2);
  EXPECT_EQ(source, "bit_assignment.q_proj");
  config.layers["m.q_proj"].bits = 7;
  EXPECT_EQ(RecordedBits(config, "m.q_proj.weight", &source), 7);
  EXPECT_EQ(source, "layers");
}

}  // namespace
}  // namespace hlwq::checkpoint
