// What each way of coding the weights cost a model, all on the same tokens.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "codec/error_stats.h"
#include "report/sample_statistics.h"
#include "report/text_run.h"

namespace hlwq::report {

enum class MethodKind : uint8_t {
  kUnrotated,
  kRotated,
  kGgml,
};

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

nlohmann::json AblationToJson(const Ablation& ablation);
std::string AblationToText(const Ablation& ablation, const TextLayout& layout);

}  // namespace hlwq::report
