// What each way of coding the weights costs a model, all on the same tokens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/terminal_text.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "codec/error_stats.h"
#include "eval/ablation_methods.h"
#include "eval/kld.h"
#include "eval/perplexity.h"

namespace hlwq::eval {

// A method, measured.
struct AblationRow {
  std::string name, label;
  MethodKind kind = MethodKind::kUnrotated;
  codec::ErrorStats errors;    // over all matrices
  double bits_per_weight = 0;  // of all matrices
  // What its groups were; how many matrices it had to leave as they are.
  std::string detail;
  uint64_t kept_matrices = 0;
  Estimate nll, perplexity, kl, same_top;
  Estimate nll_loss;  // nll - that of the reference, paired
};

// Between two methods, paired on the same tokens: first - second, in nats.
struct AblationDifference {
  std::string first, second;  // labels
  std::string question;
  Estimate nll, kl;
};

// The part of the way from one method to another that a third makes; errors to first order.
struct AblationShareResult {
  std::string through, question;
  Estimate nll, kl;
  double noise = 0;  // the same of the mean squared errors of the weights
};

struct Ablation {
  int bits = 5;
  uint64_t matrices = 0, weights = 0;  // that are coded
  TextRun run;
  Estimate reference_nll, reference_perplexity;
  std::vector<AblationRow> rows;  // in the order of the methods
  std::vector<AblationDifference> differences;
  std::vector<AblationShareResult> shares;
};

// An estimate in its standard errors, from blocks of tokens: 0 where both are 0, NaN without one.
double ZScore(const Estimate& difference) noexcept;
// Whether a difference is farther from nothing than two such errors.
inline constexpr double kResolvedZ = 2;
bool IsResolved(const Estimate& difference) noexcept;

struct AblationOptions {
  int bits = 5;  // for the record
  int threads = 0;
  TextRunOptions text;
  ProgressCallback coding_progress;  // of coding for all methods; items are methods; may be empty
};

// The projections of decoder layers (checkpoint/projections.h), seen as matrices.
struct CodedMatrix {
  size_t entry = 0;  // index into Checkpoint::tensors
  MatrixShape shape;
};
std::vector<CodedMatrix> FindCodedMatrices(const checkpoint::Checkpoint& checkpoint);

// The checkpoint with its projections as the method leaves them, in float32; what it cannot code
// stays as it is.
checkpoint::Checkpoint ApplyMethod(checkpoint::Checkpoint checkpoint, const AblationMethod& method);

// The model at `path` as a reference: projections that are codes are decoded to float32, as the
// runtime would multiply them with rounded activations.
checkpoint::Checkpoint OpenReference(const std::filesystem::path& path);

// Codes the reference's model in every way, holds all of them in memory with float32 projections, and
// takes them through the text side by side with it. Throws as MeasureKlds and runtime::Engine;
// Error{kInvalidArgument} where no tensor is a projection; Error naming the tensor that a method
// cannot code. Memory: 4 bytes a weight and method, and what MeasureKlds takes.
Ablation MeasureAblation(runtime::Engine& reference, std::span<const AblationMethod> methods,
                         std::span<const runtime::TokenId> tokens, const AblationOptions& options,
                         const codec::Backend& backend);

nlohmann::json AblationToJson(const Ablation& ablation);
std::string AblationToText(const Ablation& ablation, const TextLayout& layout);

}  // namespace hlwq::eval
