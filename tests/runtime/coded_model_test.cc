// Running codes as they are stored against running the weights they decode to.
#include <filesystem>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/trellis_table.h"
#include "runtime/engine.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

namespace fs = std::filesystem;
using test::Coding;
using test::Logits;
using test::MedianSnrDb;
using test::Quantized;
using test::SomeTokens;

class CodedModel : public ::testing::TestWithParam<std::tuple<std::string, Coding>> {
 protected:
  fs::path source() const { return test::Golden("good/models/" + std::get<0>(GetParam())); }
  Coding coding() const { return std::get<1>(GetParam()); }
};

TEST_P(CodedModel, RunsAsItsDecodedWeightsDo) {
  const test::TempDir dir;
  Quantized(source(), dir / "coded", coding());
  test::Dequantized(dir / "coded", dir / "decoded");

  Engine original(source(), {.threads = 1});
  Engine coded(dir / "coded", {.threads = 2});
  Engine decoded(dir / "decoded", {.threads = 1});
  const size_t vocab = coded.config().sizes.vocab;
  const auto tokens = SomeTokens(48, vocab);
  const auto reference = Logits(original, tokens, tokens.size());
  const auto want = Logits(decoded, tokens, tokens.size());
  const double cost = MedianSnrDb(reference, want, vocab);
  for (const size_t step : {size_t{1}, size_t{7}, tokens.size()}) {
    const auto got = Logits(coded, tokens, step);
    // The integers of the products add little to what coding costs: 10 dB is a tenth of it, for
    // rows of 40 weights in blocks of 128, where they matter most.
    EXPECT_GT(MedianSnrDb(want, got, vocab), cost + 10) << "in steps of " << step;
  }
}

// Sums of rows differ in their last bits; steps of any size have the same ones.
TEST_P(CodedModel, InterleavedRowsGiveTheSameLogits) {
  const test::TempDir dir;
  Quantized(source(), dir / "coded", coding());
  Engine plain(dir / "coded", {.threads = 2});
  Engine interleaved(dir / "coded", {.threads = 2, .interleaves_rows = true});
  const bool can_be = coding().codec == "hlwq" && (coding().bits == 4 || coding().bits == 5);
  EXPECT_EQ(interleaved.model().interleaved_bytes() > 0, can_be);
  const size_t vocab = plain.config().sizes.vocab;
  const auto tokens = SomeTokens(48, vocab);
  const auto want = Logits(plain, tokens, tokens.size());
  for (const size_t step : {size_t{1}, size_t{7}, tokens.size()}) {
    const auto got = Logits(interleaved, tokens, step);
    EXPECT_GT(MedianSnrDb(want, got, vocab), 40) << "in steps of " << step;
  }
}

TEST_P(CodedModel, ThreadsDoNotChangeABit) {
  const test::TempDir dir;
  Quantized(source(), dir / "coded", coding());
  Engine one(dir / "coded", {.threads = 1});
  const auto tokens = SomeTokens(40, one.config().sizes.vocab);
  for (const int threads : {2, 3}) {
    Engine several(dir / "coded", {.threads = threads});
    for (const size_t step : {size_t{1}, tokens.size()}) {
      EXPECT_EQ(Logits(several, tokens, step), Logits(one, tokens, step)) << threads;
    }
  }
}

std::vector<Coding> AllCodings() {
  std::vector<Coding> all;
  for (int bits = 2; bits <= 8; ++bits) all.push_back({"hlwq", bits});
  for (int bits = codec::kMinTrellisBits; bits <= codec::kMaxTrellisBits; ++bits) {
    all.push_back({codec::kTrellisCodec, bits});
  }
  return all;
}

std::string ParamName(const ::testing::TestParamInfo<CodedModel::ParamType>& test) {
  return test::TestName(std::get<0>(test.param)) + "_" + test::Name(std::get<1>(test.param));
}

INSTANTIATE_TEST_SUITE_P(Codings, CodedModel,
                         ::testing::Combine(::testing::Values("qwen3-odd"),
                                            ::testing::ValuesIn(AllCodings())),
                         ParamName);
INSTANTIATE_TEST_SUITE_P(Architectures, CodedModel,
                         ::testing::Combine(::testing::Values("qwen3-moe", "qwen3-moe-normed",
                                                              "qwen3_next", "qwen3_5",
                                                              "qwen3_5_moe"),
                                            ::testing::Values(Coding{"hlwq", 5}, Coding{"hlwq", 3},
                                                              Coding{"hlwq-t", 4})),
                         ParamName);

TEST(Engine, RefusesWhatDoesNotFit) {
  Engine engine(test::Golden("good/models/llama-linear"), {.threads = 1});
  SequenceState cache = engine.MakeState({.capacity = 64});
  const auto ignore = [](size_t, std::span<const float>) {};
  const std::vector<TokenId> many(65, 1);
  EXPECT_THROW(engine.Feed(cache, many, model::LogitsOf::kNone, ignore), Error);
  const std::vector<TokenId> unknown = {1, 72};
  EXPECT_THROW(engine.Feed(cache, unknown, model::LogitsOf::kNone, ignore), Error);
  const std::vector<TokenId> negative = {-1};
  EXPECT_THROW(engine.Feed(cache, negative, model::LogitsOf::kNone, ignore), Error);
  EXPECT_EQ(cache.length(), 0u);
  engine.Feed(cache, std::vector<TokenId>(64, 1), model::LogitsOf::kNone, ignore);
  EXPECT_EQ(cache.length(), 64u);
}

}  // namespace
}  // namespace hlwq::runtime
