// How far a model's predictions are from those of the model it was made from.
#pragma once

#include <span>
#include <vector>

#include "eval/perplexity.h"
#include "report/kld.h"

namespace hlwq::eval {

// Throws Error{kInvalidArgument} naming both sizes where the vocabularies differ in size.
void CheckVocabularies(const runtime::Engine& reference, const runtime::Engine& model);

// Takes the reference and all models through the windows of the text at once, a few tokens at a
// time, and keeps no logits but those of the reference and of one model: 32 MiB each, or those of 16
// tokens. One result a model, in their order; run.seconds is that of all together. Throws as
// MeasurePerplexity and CheckVocabularies. Memory: for each engine a cache of one window.
std::vector<report::KldResult> MeasureKlds(runtime::Engine& reference,
                                           std::span<runtime::Engine* const> models,
                                           std::span<const runtime::TokenId> tokens,
                                           const TextRunOptions& options);

// The same for one model.
report::KldResult MeasureKld(runtime::Engine& reference, runtime::Engine& model,
                             std::span<const runtime::TokenId> tokens,
                             const TextRunOptions& options);

}  // namespace hlwq::eval
