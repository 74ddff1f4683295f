// Ways of coding a small model, compared on made-up tokens.
#include "eval/ablation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "checkpoint/row_reader.h"
#include "kernels/cpu_backend.h"
#include "tests/support/shared_data.h"

namespace hlwq::eval {
namespace {

using report::Ablation;
using report::AblationDifference;
using report::AblationRow;
using report::AblationToJson;
using report::Estimate;
using report::IsResolved;
using report::ZScore;
using runtime::Engine;
using runtime::TokenId;

std::filesystem::path ModelPath() { return test::Golden("good/gguf/llama-bpe/model.gguf"); }

std::vector<TokenId> Tokens(size_t count) {
  std::vector<TokenId> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<TokenId>(MixBits(i) % 384);
  return tokens;
}

std::vector<AblationMethod> Methods(int bits) {
  return AblationMethods(bits, kernels::CpuBackend());
}

AblationMethod Method(std::string_view name, int bits = 5) {
  const std::vector<AblationMethod> methods = Methods(bits);
  return *std::ranges::find(methods, name, &AblationMethod::name);
}

// The same under another name.
AblationMethod Renamed(AblationMethod method, std::string name) {
  method.name = std::move(name);
  return method;
}

Ablation Measure(const std::vector<AblationMethod>& methods, int threads = 2) {
  AblationOptions options;
  options.threads = threads;
  options.text.windows = {64, 64};
  Engine reference(OpenReference(ModelPath()), {.threads = threads});
  return MeasureAblation(reference, methods, Tokens(200), options, kernels::CpuBackend());
}

const AblationRow& Row(const Ablation& ablation, std::string_view name) {
  return *std::ranges::find(ablation.rows, name, &AblationRow::name);
}

TEST(Ablation, WhatChangesNothingDivergesByNothing) {
  const AblationMethod nothing = {.name = "nothing", .label = "nothing", .treat = [](MatrixShape) {
                                    return MatrixTreatment{};
                                  }};
  const Ablation ablation = Measure({nothing});
  const AblationRow& row = ablation.rows.at(0);
  EXPECT_EQ(row.errors.noise, 0);
  EXPECT_GT(row.errors.signal, 0);
  EXPECT_EQ(row.kl, (Estimate{0, 0, 0}));
  EXPECT_EQ(row.nll_loss, (Estimate{0, 0, 0}));
  EXPECT_EQ(row.perplexity, ablation.reference_perplexity);
  EXPECT_EQ(row.same_top.value, 1);
  EXPECT_EQ(row.kept_matrices, ablation.matrices);
}

TEST(Ablation, EqualMethodsDifferByNothing) {
  const Ablation ablation =
      Measure({Method("hlwq-published"), Renamed(Method("hlwq-published"), "hlwq-search")});
  ASSERT_EQ(ablation.differences.size(), 1u);
  const AblationDifference& difference = ablation.differences[0];
  EXPECT_EQ(difference.kl, (Estimate{0, 0, 0}));
  EXPECT_EQ(difference.nll, (Estimate{0, 0, 0}));
  EXPECT_EQ(ZScore(difference.kl), 0);
  EXPECT_FALSE(IsResolved(difference.kl));
}

TEST(Ablation, DifferencesAreThoseOfTheRows) {
  const Ablation ablation = Measure({Method("int4-absmax"), Method("cascade")});
  ASSERT_EQ(ablation.differences.size(), 1u);
  const AblationRow &first = Row(ablation, "int4-absmax"), &second = Row(ablation, "cascade");
  const AblationDifference& difference = ablation.differences[0];
  EXPECT_NEAR(difference.kl.value, first.kl.value - second.kl.value, 1e-12);
  EXPECT_NEAR(difference.nll.value, first.nll.value - second.nll.value, 1e-12);
  EXPECT_NEAR(first.nll_loss.value, first.nll.value - ablation.reference_nll.value, 1e-12);
  // Paired: what both have in common is no error of the difference.
  EXPECT_LT(difference.nll.token_error, first.nll.token_error);
}

TEST(Ablation, AStepThatGoesAllTheWayMakesAllOfIt) {
  const AblationMethod best = Method("q8_0");
  const Ablation ablation =
      Measure({Renamed(Method("int4-absmax"), "absmax-group"), Renamed(best, "rotation-absmax"),
               Renamed(best, "hlwq-published")});
  ASSERT_EQ(ablation.shares.size(), 1u);
  EXPECT_NEAR(ablation.shares[0].kl.value, 1, 1e-12);
  EXPECT_NEAR(ablation.shares[0].kl.block_error, 0, 1e-12);
  EXPECT_NEAR(ablation.shares[0].noise, 1, 1e-12);
}

TEST(Ablation, MoreBitsAreNeverWorse) {
  // Not of the methods that store the plain norm: it clips blocks that are far from Gaussian, as some
  // of this model are, whatever the bits.
  std::vector<AblationMethod> methods;
  for (const char* name :
       {"absmax-row", "absmax-group", "rotation-absmax", "hlwq-search", "hlwq-t"}) {
    for (const int bits : {3, 6}) methods.push_back(Method(name, bits));
  }
  const Ablation ablation = Measure(methods);
  for (size_t index = 0; index < ablation.rows.size(); index += 2) {
    const AblationRow &three = ablation.rows[index], &six = ablation.rows[index + 1];
    EXPECT_LT(10 * six.errors.noise, three.errors.noise) << six.label;
    EXPECT_LT(six.kl.value, three.kl.value) << six.label;
    EXPECT_GT(six.bits_per_weight, three.bits_per_weight + 2.9) << six.label;
  }
}

TEST(Ablation, WeightErrorsAreThoseThatTheCodecReports) {
  const Ablation ablation = Measure({Method("hlwq-search")});
  codec::CodecSpec spec;
  const auto codec = kernels::CpuBackend().MakeCodec(spec);
  const checkpoint::Checkpoint source = OpenReference(ModelPath());
  codec::ErrorStats errors;
  double bits = 0;
  for (const CodedMatrix& matrix : FindCodedMatrices(source)) {
    const checkpoint::RowReader reader(source, source.tensors[matrix.entry], kernels::CpuBackend());
    std::vector<float> weights(matrix.shape.out * matrix.shape.in);
    reader.ReadRows({0, matrix.shape.out}, weights);
    std::vector<std::vector<std::byte>> parts;
    for (const codec::Part& part : codec->Parts(matrix.shape)) {
      bits += 8 * static_cast<double>(part.bytes);
      if (!part.is_constant()) parts.emplace_back(part.bytes);
    }
    const std::vector<std::span<std::byte>> spans(parts.begin(), parts.end());
    codec->EncodeRows(weights, matrix.shape.in, 0, spans, errors);
  }
  const AblationRow& row = ablation.rows.at(0);
  EXPECT_EQ(row.errors.count, errors.count);
  EXPECT_NEAR(row.errors.noise / errors.noise, 1, 1e-5);
  EXPECT_NEAR(row.errors.signal / errors.signal, 1, 1e-7);
  EXPECT_NEAR(row.bits_per_weight, bits / static_cast<double>(errors.count), 1e-9);
}

TEST(Ablation, CodingTwiceIsWorseThanOnce) {
  const Ablation ablation =
      Measure({Method("cascade"), Method("hlwq-published"), Method("int4-absmax")});
  EXPECT_GT(Row(ablation, "cascade").errors.noise, Row(ablation, "hlwq-published").errors.noise);
  EXPECT_GT(Row(ablation, "cascade").errors.noise, Row(ablation, "int4-absmax").errors.noise);
  EXPECT_EQ(Row(ablation, "cascade").bits_per_weight, Row(ablation, "int4-absmax").bits_per_weight);
}

TEST(Ablation, DoesNotDependOnTheThreads) {
  const std::vector<AblationMethod> methods = {Method("hlwq-t"), Method("int4-rotated")};
  const Ablation one = Measure(methods, 1), three = Measure(methods, 3);
  for (size_t index = 0; index < methods.size(); ++index) {
    EXPECT_EQ(one.rows[index].kl, three.rows[index].kl);
    EXPECT_EQ(one.rows[index].errors.noise, three.rows[index].errors.noise);
  }
}

TEST(Ablation, CodesTheProjectionsAndNothingElse) {
  const checkpoint::Checkpoint source = checkpoint::OpenCheckpoint(ModelPath());
  std::vector<std::string> names;
  for (const CodedMatrix& matrix : FindCodedMatrices(source)) {
    names.push_back(source.tensors[matrix.entry].name);
    EXPECT_EQ(matrix.shape.out * matrix.shape.in, source.tensors[matrix.entry].elements());
  }
  EXPECT_EQ(names.size(), 14u);  // seven in each of two layers
  EXPECT_THAT(names, testing::Each(testing::EndsWith("_proj.weight")));
}

TEST(Ablation, JsonHoldsEveryFigure) {
  const nlohmann::json json =
      AblationToJson(Measure({Method("int4-absmax"), Method("int4-mse"), Method("cascade")}));
  EXPECT_EQ(json["methods"].size(), 3u);
  EXPECT_EQ(json["differences"].size(), 3u);
  for (const char* key : {"bits_per_weight", "weights", "nll", "perplexity", "nll_over_reference",
                          "kl", "same_top", "detail"}) {
    EXPECT_TRUE(json["methods"][0].contains(key)) << key;
  }
  EXPECT_TRUE(json["differences"][0]["kl"].contains("z"));
  EXPECT_EQ(json["scored_tokens"], 196);
}

TEST(AblationMethods, CountEveryStoredBit) {
  const MatrixShape wide = {.out = 64, .in = 576};  // four and a half blocks of 128
  const auto bits = [&](const char* name) { return Method(name).treat(wide).bits_per_weight; };
  const double coded = (640 * 5 + 5 * 16) / 576.0;
  // A record of the shape: five or two numbers of 64 bits.
  const double hlwq_record = 5 * 64 / (64 * 576.0), integer_record = 2 * 64 / (64 * 576.0);
  EXPECT_NEAR(bits("absmax-group"), coded + integer_record, 1e-9);
  EXPECT_NEAR(bits("rotation-absmax"), coded + integer_record, 1e-9);
  EXPECT_NEAR(bits("hlwq-search"), coded + hlwq_record, 1e-9);
  EXPECT_NEAR(bits("lloyd-max"), coded + hlwq_record, 1e-9);
  EXPECT_NEAR(bits("absmax-row"), 5 + 16 / 576.0 + integer_record, 1e-9);
  EXPECT_NEAR(bits("int4-mse"), 4 + 16 / 64.0 + integer_record, 1e-9);
  EXPECT_EQ(bits("q4_0"), 4.5);
  EXPECT_EQ(bits("q5_0"), 5.5);
  EXPECT_EQ(bits("q8_0"), 8.5);
  EXPECT_EQ(Method("int4-rotated").treat(wide).detail, "groups of 64 rotated in blocks of 64");
}

TEST(AblationMethods, RowsWithoutWholeGroupsStayAsTheyAre) {
  const MatrixShape odd = {.out = 4, .in = 100};
  for (const char* name : {"int4-absmax", "cascade", "int4-rotated", "q4_0", "q8_0"}) {
    EXPECT_EQ(Method(name).treat(odd).change, nullptr) << name;
  }
  for (const char* name : {"absmax-row", "absmax-group", "lloyd-max", "hlwq-t"}) {
    EXPECT_NE(Method(name).treat(odd).change, nullptr) << name;
  }
}

TEST(AblationMethods, QuestionsAndSharesNameMethods) {
  std::vector<std::string> names;
  for (const AblationMethod& method : Methods(5)) names.push_back(method.name);
  const auto expect = [&](std::string_view name) {
    EXPECT_THAT(names, testing::Contains(std::string(name)));
  };
  for (const AblationQuestion& question : AblationQuestions()) {
    expect(question.first);
    expect(question.second);
  }
  for (const AblationShare& share : AblationShares()) {
    expect(share.from);
    expect(share.through);
    expect(share.to);
  }
}

}  // namespace
}  // namespace hlwq::eval
