// Running codes as they are stored against running the weights they decode to.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/trellis_table.h"
#include "convert/dequantize.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "runtime/engine.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

namespace fs = std::filesystem;

std::vector<TokenId> SomeTokens(size_t count, size_t vocabulary) {
  std::mt19937 random(7);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % vocabulary);
  return tokens;
}

std::vector<float> Logits(Engine& engine, std::span<const TokenId> tokens, size_t step) {
  SequenceState cache(engine.config(), {.dtype = DType::kF32, .capacity = tokens.size()});
  std::vector<float> logits;
  for (size_t begin = 0; begin < tokens.size(); begin += step) {
    engine.Feed(cache, tokens.subspan(begin, std::min(step, tokens.size() - begin)),
                model::LogitsOf::kAll, [&](size_t, std::span<const float> row) {
                  logits.insert(logits.end(), row.begin(), row.end());
                });
  }
  return logits;
}

// 20 log10 of signal over difference.
double SnrDb(std::span<const float> signal, std::span<const float> other) {
  double energy = 0, error = 0;
  for (size_t i = 0; i < signal.size(); ++i) {
    energy += double{signal[i]} * signal[i];
    error += (double{signal[i]} - other[i]) * (double{signal[i]} - other[i]);
  }
  return 10 * std::log10(energy / error);
}

struct Coding {
  std::string_view codec;
  int bits;
};

void Quantized(const fs::path& source, const fs::path& destination, Coding coding) {
  convert::QuantizeOptions options;
  options.recipe.recipe = "uniform";
  options.recipe.bits = coding.bits;
  options.recipe.embedding_bits = coding.bits;
  options.codec = codec::DefaultSpec(coding.codec);
  options.codec.bits = coding.bits;
  convert::Quantize(checkpoint::OpenCheckpoint(source), destination, options,
                    kernels::CpuBackend());
}

class CodedModel : public ::testing::TestWithParam<Coding> {};

TEST_P(CodedModel, RunsAsItsDecodedWeightsDo) {
  const test::TempDir dir;
  const fs::path source = test::Golden("good/models/qwen3-odd");
  Quantized(source, dir / "coded", GetParam());
  convert::DequantizeOptions to_float;
  to_float.dtype = DType::kF32;
  convert::Dequantize(checkpoint::OpenCheckpoint(dir / "coded"), dir / "decoded", to_float,
                      kernels::CpuBackend());

  Engine original(source, {.threads = 1});
  Engine coded(dir / "coded", {.threads = 2});
  Engine decoded(dir / "decoded", {.threads = 1});
  const auto tokens = SomeTokens(48, coded.config().sizes.vocab);
  const auto reference = Logits(original, tokens, tokens.size());
  const auto want = Logits(decoded, tokens, tokens.size());
  const double coding = SnrDb(reference, want);
  for (const size_t step : {size_t{1}, size_t{7}, tokens.size()}) {
    const auto got = Logits(coded, tokens, step);
    // The integers of the products add little to what coding costs: 10 dB is a tenth of it, for
    // rows of 40 weights in blocks of 128, where they matter most.
    EXPECT_GT(SnrDb(want, got), coding + 10) << "in steps of " << step;
  }
}

TEST_P(CodedModel, ThreadsDoNotChangeABit) {
  const test::TempDir dir;
  Quantized(test::Golden("good/models/qwen3-odd"), dir / "coded", GetParam());
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

INSTANTIATE_TEST_SUITE_P(Codings, CodedModel, ::testing::ValuesIn(AllCodings()),
                         [](const ::testing::TestParamInfo<Coding>& test) {
                           return (test.param.codec == codec::kTrellisCodec ? "t" : "b") +
                                  std::to_string(test.param.bits);
                         });

TEST(Engine, RefusesWhatDoesNotFit) {
  Engine engine(test::Golden("good/models/llama-linear"), {.threads = 1});
  SequenceState cache(engine.config(), {.capacity = 64});
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
