#include "study/net/export.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <vector>

#include "runtime/engine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::study {
namespace {

constexpr size_t kLlamaVocabulary = 50;

NetOptions Options(bool is_causal, bool is_tied) {
  return {.model = {.layers = 2, .heads = 2, .width = 128, .hidden = 192, .window = 16},
          .vocabulary = kLlamaVocabulary,
          .is_causal = is_causal,
          .is_tied = is_tied};
}

TEST(Export, TheRuntimeGivesTheLogitsOfTheNet) {
  for (const bool is_tied : {true, false}) {
    const test::TempDir folder;
    std::ofstream(folder / "tokenizer.json") << "{}";
    const Net net(Options(true, is_tied), 3);
    {
      const at::NoGradGuard no_gradients;  // attention that looks somewhere, norms that are not one
      for (const auto& parameter : net.parameters()) {
        if (parameter.second.dim() > 1) parameter.second.detach().mul_(4);
        if (parameter.second.dim() == 1) {
          parameter.second.detach().add_(at::sin(at::arange(128, at::kFloat)) * 0.3);
        }
      }
    }
    ExportLlama(net, 1, folder.path(), folder / "llama");
    std::vector<TokenId> tokens;
    for (TokenId place = 0; place < 16; ++place) tokens.push_back((place * 7 + 1) % 50);
    std::vector<float> expected(tokens.size() * kLlamaVocabulary);
    net.Logits({tokens, 1, tokens.size()}, {}, expected);
    float most = 0;
    for (const float logit : expected) most = std::max(most, std::abs(logit));

    runtime::Engine engine(folder / "llama", {.threads = 1});
    runtime::SequenceState state = engine.MakeState({.format = DType::kF32, .capacity = 16});
    size_t seen = 0;
    engine.Feed(
        state, tokens, model::LogitsOf::kAll, [&](size_t token, std::span<const float> logits) {
          ASSERT_EQ(logits.size(), kLlamaVocabulary);
          for (size_t id = 0; id < kLlamaVocabulary; ++id) {
            ASSERT_NEAR(logits[id], expected[token * kLlamaVocabulary + id], 2e-3 * most) << token;
          }
          ++seen;
        });
    EXPECT_EQ(seen, tokens.size());
  }
}

TEST(Export, MaskedNetsAreRefused) {
  const test::TempDir folder;
  const Net net(Options(false, true), 3);
  test::ExpectError(ErrorCode::kInvalidArgument, "only autoregressive nets",
                    [&] { ExportLlama(net, 1, folder.path(), folder / "llama"); });
}

}  // namespace
}  // namespace hlwq::study
