// How far the predictions of a model are from those of another, token by token.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "report/sample_statistics.h"
#include "report/text_run.h"

namespace hlwq::report {

// The largest logits of a row, ties by index.
inline constexpr size_t kTopTokens = 5;
using TopTokens = std::array<int32_t, kTopTokens>;  // -1 beyond a smaller vocabulary

// P is the reference's distribution, Q the model's; nats.
struct TokenError {
  double kl = 0;              // sum of P ln(P / Q); not below 0
  double entropy = 0;         // of P
  double reference_nll = 0;   // -ln P(token)
  double nll = 0;             // -ln Q(token)
  int32_t reference_top = 0;  // the likeliest token of P
  int32_t top = 0;            // of Q
  uint8_t shared_top = 0;     // how many of P's kTopTokens likeliest are among Q's

  // Q(token) - P(token)
  double ProbabilityDifference() const noexcept {
    return std::exp(-nll) - std::exp(-reference_nll);
  }
  bool HasSameTop() const noexcept { return reference_top == top; }
};

struct KldResult {
  TextRun run;    // fed: tokens that each of the two was given
  Estimate mean;  // KL divergence from the reference to the model, nats a token
  Estimate median, p90, p99, p999;
  double max = 0;
  Estimate same_top;    // share of tokens where both find the same token likeliest
  Estimate shared_top;  // share of the reference's five likeliest that the model has among its
  Estimate probability_bias;  // mean of Q(token) - P(token)
  Estimate probability_rms;   // root of the mean of its square
  Estimate reference_perplexity, perplexity;
  Estimate perplexity_ratio;  // of the model to the reference; errors from the paired differences
  std::vector<TokenError> tokens;       // of every scored token, in the order of the text
  std::vector<uint32_t> token_indices;  // where in the text they stand
};

// Computes every figure from `tokens`, which is not empty.
void SummarizeKld(KldResult& result);

// A token that the two models predict very differently, in words.
struct WorstToken {
  uint32_t index = 0;              // in the text
  std::string before, token;       // what stands before it, and it
  std::string reference_top, top;  // what either found likeliest
  TokenError error;
};

nlohmann::json KldToJson(const KldResult& result);
std::string KldToText(const KldResult& result, const TextLayout& layout);

}  // namespace hlwq::report
