#include "eval/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codec/backend.h"
#include "codec/hlwq_codec.h"
#include "eval/pair_errors.h"
#include "report/compare.h"
#include "tests/eval/coded_checkpoint.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using report::CompareResult;
using report::CompareToJson;
using report::CompareToText;
using report::RenderTensorPage;
using report::TensorPageInput;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

CompareResult RunCompare(const Checkpoint& a, const Checkpoint& b, CompareOptions options = {}) {
  return Compare(a, b, options, codec::ReferenceBackend());
}

const checkpoint::TensorReport& Find(const CompareResult& result, const std::string& name) {
  for (const auto& report : result.tensors) {
    if (report.name == name) return report;
  }
  throw std::runtime_error("not compared: " + name);
}

class CompareTest : public testing::Test {
 protected:
  Checkpoint Make(const std::string& name, const std::vector<test::MadeTensor>& tensors) {
    const auto path = folder_ / (name + ".safetensors");
    test::WriteSafetensors(path, tensors);
    return checkpoint::OpenCheckpoint(path);
  }

  test::TempDir folder_;
};

TEST_F(CompareTest, ACheckpointAgainstItselfIsExact) {
  test::WriteSmallLlama(folder_.path());
  const Checkpoint a = checkpoint::OpenCheckpoint(folder_.path());
  const CompareResult result = RunCompare(a, a);
  EXPECT_EQ(result.tensors.size(), a.tensors.size());
  EXPECT_EQ(result.total.noise, 0);
  EXPECT_EQ(result.total.max_abs_error, 0);
  EXPECT_TRUE(MeetsBar(result, 200));
  EXPECT_THAT(CompareToText(result), HasSubstr("are equal, value for value"));
}

TEST_F(CompareTest, FiguresAreThoseOfTheDefinition) {
  // 4 values of 1 against 1.5, 1, 1, 0.75: signal 4, noise 0.3125.
  const Checkpoint a = Make("a", {{"w", DType::kF32, {2, 2}, [](uint64_t) { return 1.0f; }}});
  const Checkpoint b = Make("b", {{"w", DType::kF16, {2, 2}, [](uint64_t at) {
                                     return at == 0 ? 1.5f : at == 3 ? 0.75f : 1.0f;
                                   }}});
  const CompareResult result = RunCompare(a, b);
  ASSERT_EQ(result.tensors.size(), 1u);
  const codec::ErrorStats& errors = *result.tensors[0].errors;
  EXPECT_EQ(errors.count, 4u);
  EXPECT_EQ(errors.signal, 4);
  EXPECT_EQ(errors.noise, 0.3125);
  EXPECT_EQ(errors.max_abs_error, 0.5);
  EXPECT_DOUBLE_EQ(errors.SnrDb(), 10 * std::log10(4 / 0.3125));
  EXPECT_DOUBLE_EQ(errors.Cosine(), 4.25 / std::sqrt(4 * (2.25 + 2 + 0.5625)));
  EXPECT_TRUE(MeetsBar(result, 11));
  EXPECT_FALSE(MeetsBar(result, 11.1));
}

TEST_F(CompareTest, CodedTensorsAreDecodedSliceBySlice) {
  const Checkpoint a = Make("a", {{"experts.down_proj", DType::kF32, {3, 40, 200}},
                                  {"q_proj.weight", DType::kBF16, {64, 384}},
                                  {"norm.weight", DType::kBF16, {384}}});
  const Checkpoint b = test::CodeCheckpoint(a, test::LloydMaxSpec(5), folder_ / "coded.bin");
  const CompareResult result = RunCompare(a, b);
  ASSERT_EQ(result.tensors.size(), 3u);
  EXPECT_GT(Find(result, "q_proj.weight").errors->SnrDb(), 25);
  EXPECT_LT(Find(result, "q_proj.weight").errors->SnrDb(), 29);
  EXPECT_GT(Find(result, "experts.down_proj").errors->SnrDb(), 25);
  EXPECT_EQ(Find(result, "experts.down_proj").errors->count, 3u * 40 * 200);
  EXPECT_EQ(Find(result, "norm.weight").errors->SnrDb(), kInfinity);
  EXPECT_TRUE(Find(result, "q_proj.weight").is_quantized);
  EXPECT_EQ(Find(result, "q_proj.weight").bits, 5);
  EXPECT_DOUBLE_EQ(Find(result, "q_proj.weight").bits_per_weight, 5.125);
  EXPECT_FALSE(Find(result, "norm.weight").is_quantized);

  // A damaged slice is seen there and nowhere else.
  const auto& storage = std::get<checkpoint::CodedStorage>(b.Find("experts.down_proj")->storage);
  const checkpoint::FileRange range = storage.slices[2].row_parts[0];
  b.files[0].WriteAt(range.offset, std::vector<std::byte>(range.bytes));
  const CompareResult damaged = RunCompare(a, b);
  EXPECT_EQ(damaged.tensors.front().name, "experts.down_proj");
  EXPECT_LT(damaged.tensors.front().errors->SnrDb(), 10);
  EXPECT_EQ(Find(damaged, "q_proj.weight").errors->noise,
            Find(result, "q_proj.weight").errors->noise);
}

TEST_F(CompareTest, TheNumberOfThreadsChangesNothing) {
  const Checkpoint a = Make("a", {{"big", DType::kBF16, {700, 1500}},
                                  {"wide", DType::kF32, {1, 1'200'000}},
                                  {"small", DType::kF32, {7}}});
  const Checkpoint b = test::CodeCheckpoint(a, test::LloydMaxSpec(3), folder_ / "coded.bin");
  CompareOptions options;
  options.threads = 1;
  const std::string one = CompareToJson(RunCompare(a, b, options)).dump();
  for (const int threads : {2, 5}) {
    options.threads = threads;
    EXPECT_EQ(CompareToJson(RunCompare(a, b, options)).dump(), one) << threads;
  }
}

TEST_F(CompareTest, WhatCannotBeComparedIsListed) {
  const Checkpoint a = Make("a", {{"only.a", DType::kF32, {4}},
                                  {"shape", DType::kF32, {2, 3}},
                                  {"dtype", DType::kI64, {3}},
                                  {"ids", DType::kI32, {8}},
                                  {"same.ids", DType::kI32, {8}},
                                  {"w", DType::kF32, {4}}});
  Checkpoint b = Make("b", {{"w", DType::kBF16, {4}},
                            {"shape", DType::kF32, {3, 2}},
                            {"dtype", DType::kF32, {3}},
                            {"ids", DType::kI32, {8}},
                            {"same.ids", DType::kI32, {8}},
                            {"only.b", DType::kF32, {4}}});
  const auto& ids = std::get<checkpoint::PlainStorage>(b.Find("ids")->storage).range;
  const std::vector<std::byte> changed(2, std::byte{0xEE});
  File::OpenForWrite(folder_ / "b.safetensors").WriteAt(ids.offset + 4, changed);

  const CompareResult result = RunCompare(a, b);
  EXPECT_THAT(result.only_in_first, ElementsAre("only.a"));
  EXPECT_THAT(result.only_in_second, ElementsAre("only.b"));
  ASSERT_EQ(result.problems.size(), 2u);
  EXPECT_EQ(result.problems[0].name, "shape");
  EXPECT_EQ(result.problems[0].what, "shape: [2, 3] in the first, [3, 2] in the second");
  EXPECT_EQ(result.problems[1].what, "dtype: I64 in the first, F32 in the second");
  ASSERT_EQ(result.bytewise.size(), 2u);
  EXPECT_EQ(result.bytewise[0].different_bytes, 2u);
  EXPECT_EQ(result.bytewise[1].different_bytes, 0u);
  EXPECT_EQ(result.tensors.size(), 1u);
  EXPECT_FALSE(MeetsBar(result, std::nullopt));
  const std::string text = CompareToText(result);
  EXPECT_THAT(text, HasSubstr("only in the second (1):\n  only.b"));
  EXPECT_THAT(text, HasSubstr("1 of 2 tensors of other dtypes are equal, byte for byte"));
}

TEST_F(CompareTest, ATruncatedFileIsAProblemOfItsTensors) {
  const Checkpoint a = Make("a", {{"v", DType::kF32, {64}}, {"w", DType::kF32, {1000, 1000}}});
  const Checkpoint b = Make("b", {{"v", DType::kF32, {64}}, {"w", DType::kF32, {1000, 1000}}});
  File::OpenForWrite(folder_ / "b.safetensors").Truncate(3'000'000);
  const CompareResult result = RunCompare(a, b);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].name, "w");
  EXPECT_THAT(result.problems[0].what, HasSubstr("b.safetensors"));
  ASSERT_EQ(result.tensors.size(), 1u);
  EXPECT_EQ(result.tensors[0].name, "v");
}

TEST_F(CompareTest, FiltersChooseBothSides) {
  const std::vector<test::MadeTensor> tensors = {
      {"a.q_proj", DType::kF32, {4}}, {"a.k_proj", DType::kF32, {4}}, {"a.norm", DType::kF32, {4}}};
  const Checkpoint a = Make("a", tensors);
  const Checkpoint b = Make("b", {tensors[0], {"b.q_proj", DType::kF32, {4}}});
  CompareOptions options;
  options.include = {"*_proj"};
  options.exclude = {"*.k_*"};
  const CompareResult result = RunCompare(a, b, options);
  ASSERT_EQ(result.tensors.size(), 1u);
  EXPECT_EQ(result.tensors[0].name, "a.q_proj");
  EXPECT_THAT(result.only_in_first, IsEmpty());
  EXPECT_THAT(result.only_in_second, ElementsAre("b.q_proj"));
  options.include = {"[a"};
  EXPECT_THROW(RunCompare(a, b, options), Error);
}

TEST_F(CompareTest, ProgressReachesItsTotals) {
  test::WriteSmallLlama(folder_.path());
  const Checkpoint a = checkpoint::OpenCheckpoint(folder_.path());
  ProgressUpdate last;
  CompareOptions options;
  options.progress = [&](const ProgressUpdate& update) {
    EXPECT_GE(update.bytes_done, last.bytes_done);
    last = update;
    last.item = {};
  };
  RunCompare(a, a, options);
  EXPECT_EQ(last.tensors_done, a.tensors.size());
  EXPECT_EQ(last.bytes_done, last.bytes_total);
  EXPECT_GT(last.bytes_total, 0u);
}

TEST_F(CompareTest, EmptyTensorsAndCheckpointsAreCompared) {
  const Checkpoint a = Make("a", {{"none", DType::kF32, {0, 5}}, {"s", DType::kF32, {}}});
  const CompareResult result = RunCompare(a, a);
  EXPECT_EQ(result.tensors.size(), 2u);
  EXPECT_TRUE(MeetsBar(result, 100));
  const CompareResult nothing = RunCompare(Checkpoint{}, Checkpoint{});
  EXPECT_TRUE(MeetsBar(nothing, 100));
  EXPECT_THAT(CompareToText(nothing), HasSubstr("no tensors"));
}

TEST_F(CompareTest, TheReportPageTakesTheResult) {
  const Checkpoint a =
      Make("a", {{"model.layers.0.self_attn.q_proj.weight", DType::kF32, {64, 128}},
                 {"gone", DType::kF32, {4}}});
  Checkpoint b = test::CodeCheckpoint(a, test::LloydMaxSpec(4), folder_ / "coded.bin");
  b.tensors.pop_back();
  const CompareResult result = RunCompare(a, b);
  const std::string html = RenderTensorPage(ComparePageInput(a, b, result));
  EXPECT_THAT(html, HasSubstr("a.safetensors against coded.bin"));
  EXPECT_THAT(html, HasSubstr("lloyd-max"));
}

TEST_F(CompareTest, ThePageShowsTheCodesThatAManifestRecorded) {
  const Checkpoint plain = Make("plain", {{"q_proj.weight", DType::kF32, {16, 256}}});
  const Checkpoint coded =
      test::CodeCheckpoint(plain, test::LloydMaxSpec(3), folder_ / "coded.bin");
  checkpoint::TensorReport recorded;
  recorded.name = "q_proj.weight";
  recorded.shape = {16, 256};
  recorded.is_quantized = true;
  recorded.bits = 3;
  recorded.errors.emplace();
  recorded.errors->code_use = {1, 2, 3, 4, 4, 3, 2, 1};
  recorded.errors->coordinates[40] = recorded.errors->coordinates[55] = 10;
  recorded.errors->zero_blocks = 7;
  checkpoint::Manifest manifest;
  manifest.reports = {recorded};

  const CompareResult forward = RunCompare(plain, coded);
  const CompareResult backward = RunCompare(coded, plain);
  EXPECT_THAT(RenderTensorPage(ComparePageInput(plain, coded, forward)),
              HasSubstr("Left out: these records hold no codes"));
  for (const TensorPageInput& input :
       {ComparePageInput(plain, coded, forward, {.second = manifest}),
        ComparePageInput(coded, plain, backward, {.first = manifest})}) {
    ASSERT_EQ(input.recorded_codes.size(), 1u);
    EXPECT_EQ(input.recorded_codes.at(3).code_use, recorded.errors->code_use);
    EXPECT_EQ(input.levels.at(3), test::LloydMaxSpec(3).levels);
    const std::string html = RenderTensorPage(input);
    EXPECT_THAT(html, HasSubstr("3 bits: use of each level"));
    EXPECT_THAT(html, HasSubstr("3 bits: rotated coordinates"));
    EXPECT_THAT(html, HasSubstr("level 0 at -2.15"));
    EXPECT_THAT(html,
                HasSubstr("one block in " + std::to_string(codec::ErrorStats::kSampledBlocks) +
                          " of every matrix. 7 blocks have no energy"));
  }
  // A record of another shape is of another tensor.
  manifest.reports[0].shape = {16, 128};
  EXPECT_TRUE(ComparePageInput(plain, coded, forward, {.second = manifest}).recorded_codes.empty());
}

TEST(AddPairs, NonFiniteValuesRankWorstUnlessBothAgree) {
  std::vector<float> a(20, 1.0f);
  std::vector<float> b = a;
  a[3] = b[3] = std::nanf("");
  a[17] = b[17] = -std::numeric_limits<float>::infinity();
  codec::ErrorStats same;
  AddPairs(a, b, same);
  EXPECT_EQ(same.count, 20u);
  EXPECT_EQ(same.SnrDb(), kInfinity);
  EXPECT_EQ(same.signal, 18);
  b[3] = 1;
  codec::ErrorStats differing;
  AddPairs(a, b, differing);
  EXPECT_EQ(differing.SnrDb(), -kInfinity);
  EXPECT_EQ(differing.max_abs_error, kInfinity);
}

TEST(AddPairs, AgreesWithOneByOne) {
  std::vector<float> a;
  std::vector<float> b;
  for (int index = 0; index < 1003; ++index) {
    a.push_back(static_cast<float>(std::sin(index)));
    b.push_back(a.back() + 0.01f * static_cast<float>(std::cos(3 * index)));
  }
  codec::ErrorStats fast;
  codec::ErrorStats slow;
  AddPairs(a, b, fast);
  for (size_t index = 0; index < a.size(); ++index) slow.AddPair(a[index], b[index]);
  EXPECT_EQ(fast.count, slow.count);
  EXPECT_NEAR(fast.signal, slow.signal, 1e-12 * slow.signal);
  EXPECT_NEAR(fast.noise, slow.noise, 1e-12 * slow.noise);
  EXPECT_NEAR(fast.dot, slow.dot, 1e-12 * slow.dot);
  EXPECT_NEAR(fast.decoded, slow.decoded, 1e-12 * slow.decoded);
  EXPECT_EQ(fast.max_abs_error, slow.max_abs_error);
}

}  // namespace
}  // namespace hlwq::eval
