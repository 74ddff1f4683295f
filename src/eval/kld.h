// How far a model's predictions are from those of the model it was made from.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/distribution_error.h"
#include "eval/perplexity.h"

namespace hlwq::eval {

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

// Throws Error{kInvalidArgument} naming both sizes where the vocabularies differ in size.
void CheckVocabularies(const runtime::Engine& reference, const runtime::Engine& model);

// Takes the reference and all models through the windows of the text at once, a few tokens at a
// time, and keeps no logits but those of the reference and of one model: 32 MiB each, or those of 16
// tokens. One result a model, in their order; run.seconds is that of all together. Throws as
// MeasurePerplexity and CheckVocabularies. Memory: for each engine a cache of one window.
std::vector<KldResult> MeasureKlds(runtime::Engine& reference,
                                   std::span<runtime::Engine* const> models,
                                   std::span<const runtime::TokenId> tokens,
                                   const TextRunOptions& options);

// The same for one model.
KldResult MeasureKld(runtime::Engine& reference, runtime::Engine& model,
                     std::span<const runtime::TokenId> tokens, const TextRunOptions& options);

nlohmann::json KldToJson(const KldResult& result);
std::string KldToText(const KldResult& result, const TextLayout& layout);

}  // namespace hlwq::eval
