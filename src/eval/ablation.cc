#include "eval/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "checkpoint/projections.h"
#include "eval/classify.h"
#include "eval/compare_stream.h"
#include "eval/kld.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using checkpoint::DerivedStorage;
using checkpoint::TensorEntry;

void Derive(TensorEntry& entry, SharedChange change) {
  const auto origin = std::make_shared<const TensorEntry>(entry);
  entry.dtype = DType::kF32;
  entry.storage = DerivedStorage{origin, 0, std::move(change)};
}

double KeptBits(const TensorEntry& entry) {
  const auto* derived = std::get_if<DerivedStorage>(&entry.storage);
  return BitsPerElement(derived ? derived->origin->dtype : entry.dtype);
}

// Bits and groups of the row, from shapes alone.
void Describe(const Checkpoint& source, std::span<const CodedMatrix> matrices,
              const AblationMethod& method, report::AblationRow& row) {
  double bits = 0, weights = 0;
  std::set<std::string> details;
  for (const CodedMatrix& matrix : matrices) {
    const MatrixTreatment treatment = method.treat(matrix.shape);
    const double count =
        static_cast<double>(matrix.shape.out) * static_cast<double>(matrix.shape.in);
    weights += count;
    bits += count *
            (treatment.change ? treatment.bits_per_weight : KeptBits(source.tensors[matrix.entry]));
    if (!treatment.change) ++row.kept_matrices;
    if (!treatment.detail.empty()) details.insert(treatment.detail);
  }
  row.bits_per_weight = bits / weights;
  for (const std::string& detail : details) row.detail += (row.detail.empty() ? "" : "; ") + detail;
}

codec::ErrorStats MeasureErrors(const Checkpoint& source, const Checkpoint& coded,
                                std::span<const CodedMatrix> matrices,
                                const CompareStreamOptions& options,
                                const codec::Backend& backend) {
  std::vector<ComparePair> pairs;
  for (const CodedMatrix& matrix : matrices) {
    pairs.push_back({&source.tensors[matrix.entry], &coded.tensors[matrix.entry]});
  }
  codec::ErrorStats total;
  std::vector<PairOutcome> outcomes;
  WithThreads(options.threads,
              [&] { outcomes = ComparePairs(source, coded, pairs, options, backend); });
  for (size_t index = 0; index < pairs.size(); ++index) {
    if (!outcomes[index].problem.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("{}: '{}': {}", source.root.string(), pairs[index].first->name,
                              outcomes[index].problem));
    }
    total.Merge(outcomes[index].errors);
  }
  return total;
}

// Progress of one of several methods as part of that of all.
ProgressCallback ProgressOf(const ProgressCallback& all, const AblationMethod& method, size_t index,
                            size_t methods) {
  if (!all) return {};
  return [=, &all, item = method.label](const ProgressUpdate& of_one) {
    ProgressUpdate update = of_one;
    update.item = item;
    update.tensors_done += index * of_one.tensors_total;
    update.tensors_total *= methods;
    update.bytes_done += index * of_one.bytes_total;
    update.bytes_total *= methods;
    all(update);
  };
}

// Decoding a model takes one thread, so several are opened at once.
std::vector<std::unique_ptr<runtime::Engine>> OpenEngines(const std::filesystem::path& path,
                                                          std::span<const AblationMethod> methods,
                                                          int threads) {
  std::vector<std::unique_ptr<runtime::Engine>> engines(methods.size());
  ForEachTask(threads, methods.size(), [&](size_t index) {
    engines[index] = std::make_unique<runtime::Engine>(
        ApplyMethod(checkpoint::OpenCheckpoint(path), methods[index]),
        runtime::EngineOptions{.threads = threads});
  });
  return engines;
}

// What a row's tokens are compared by.
struct TokenValues {
  std::vector<double> nll, kl, reference_nll;
};

TokenValues ValuesOf(const report::KldResult& result) {
  TokenValues values;
  for (const report::TokenError& token : result.tokens) {
    values.nll.push_back(token.nll);
    values.kl.push_back(token.kl);
    values.reference_nll.push_back(token.reference_nll);
  }
  return values;
}

// Mean of scale * (a - b - factor * (a - c)), a token at a time: with a factor of 0 and a scale of 1 the
// difference.
report::Estimate PairedMean(const std::vector<double>& a, const std::vector<double>& b,
                            const std::vector<double>& c, double factor, double scale) {
  std::vector<double> values(a.size());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = scale * (a[i] - b[i] - factor * (a[i] - c[i]));
  }
  return report::MeanOf(values);
}

report::Estimate Difference(const std::vector<double>& a, const std::vector<double>& b) {
  return PairedMean(a, b, b, 0, 1);
}

// (a - b) / (a - c) of means; to first order its error is that of the mean of what is left of each
// token's a - b when the ratio is taken out.
report::Estimate Share(const std::vector<double>& a, const std::vector<double>& b,
                       const std::vector<double>& c) {
  const double whole = Difference(a, c).value;
  const double ratio = Difference(a, b).value / whole;
  const report::Estimate left = PairedMean(a, b, c, ratio, 1 / whole);
  return {ratio, left.token_error, left.block_error};
}

void Summarize(const report::KldResult& result, const TokenValues& values,
               report::AblationRow& row) {
  row.nll = report::MeanOf(values.nll);
  row.perplexity = result.perplexity;
  row.kl = result.mean;
  row.same_top = result.same_top;
  row.nll_loss = Difference(values.nll, values.reference_nll);
}

class Comparisons {
 public:
  Comparisons(report::Ablation& ablation, const std::vector<TokenValues>& values)
      : ablation_(ablation), values_(values) {}

  void AddDifferences() {
    for (const AblationQuestion& question : AblationQuestions()) {
      const auto first = Find(question.first), second = Find(question.second);
      if (!first || !second) continue;
      ablation_.differences.push_back({ablation_.rows[*first].label, ablation_.rows[*second].label,
                                       std::string(question.question),
                                       Difference(values_[*first].nll, values_[*second].nll),
                                       Difference(values_[*first].kl, values_[*second].kl)});
    }
  }

  void AddShares() {
    for (const AblationShare& share : AblationShares()) {
      const auto from = Find(share.from), through = Find(share.through), to = Find(share.to);
      if (!from || !through || !to) continue;
      const TokenValues &a = values_[*from], &b = values_[*through], &c = values_[*to];
      const auto noise = [&](size_t row) { return ablation_.rows[row].errors.noise; };
      ablation_.shares.push_back({ablation_.rows[*through].label, std::string(share.question),
                                  Share(a.nll, b.nll, c.nll), Share(a.kl, b.kl, c.kl),
                                  (noise(*from) - noise(*through)) / (noise(*from) - noise(*to))});
    }
  }

 private:
  report::Ablation& ablation_;
  const std::vector<TokenValues>& values_;

  std::optional<size_t> Find(std::string_view name) const {
    const auto found = std::ranges::find(ablation_.rows, name, &report::AblationRow::name);
    if (found == ablation_.rows.end()) return std::nullopt;
    return static_cast<size_t>(found - ablation_.rows.begin());
  }
};

}  // namespace

std::vector<CodedMatrix> FindCodedMatrices(const Checkpoint& checkpoint) {
  const checkpoint::Classified classified = Classify(checkpoint);
  std::vector<CodedMatrix> matrices;
  for (size_t index = 0; index < checkpoint.tensors.size(); ++index) {
    const TensorEntry& entry = checkpoint.tensors[index];
    if (!checkpoint::IsProjection(classified.specs[index]) || !IsWeightFloat(entry.dtype)) continue;
    matrices.push_back({index, entry.AsMatrix()});
  }
  return matrices;
}

Checkpoint ApplyMethod(Checkpoint checkpoint, const AblationMethod& method) {
  for (const CodedMatrix& matrix : FindCodedMatrices(checkpoint)) {
    Derive(checkpoint.tensors[matrix.entry], method.treat(matrix.shape).change);
  }
  return checkpoint;
}

Checkpoint OpenReference(const std::filesystem::path& path) {
  Checkpoint checkpoint = checkpoint::OpenCheckpoint(path);
  for (const CodedMatrix& matrix : FindCodedMatrices(checkpoint)) {
    TensorEntry& entry = checkpoint.tensors[matrix.entry];
    if (!std::holds_alternative<checkpoint::PlainStorage>(entry.storage)) Derive(entry, nullptr);
  }
  return checkpoint;
}

report::Ablation MeasureAblation(runtime::Engine& reference,
                                 std::span<const AblationMethod> methods,
                                 std::span<const runtime::TokenId> tokens,
                                 const AblationOptions& options, const codec::Backend& backend) {
  const Checkpoint& source = reference.model().checkpoint();
  const std::vector<CodedMatrix> matrices = FindCodedMatrices(source);
  if (matrices.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                source.root.string() + ": no projection of a decoder layer to code");
  }
  report::Ablation ablation;
  ablation.bits = options.bits;
  ablation.matrices = matrices.size();
  for (const CodedMatrix& matrix : matrices) {
    ablation.weights += matrix.shape.out * matrix.shape.in;
  }
  for (const AblationMethod& method : methods) {
    report::AblationRow row = {.name = method.name, .label = method.label, .kind = method.kind};
    Describe(source, matrices, method, row);
    const Checkpoint coded = ApplyMethod(checkpoint::OpenCheckpoint(source.root), method);
    row.errors = MeasureErrors(source, coded, matrices,
                               {options.threads, ProgressOf(options.coding_progress, method,
                                                            ablation.rows.size(), methods.size())},
                               backend);
    ablation.rows.push_back(std::move(row));
  }
  const std::vector<std::unique_ptr<runtime::Engine>> engines =
      OpenEngines(source.root, methods, options.threads);
  std::vector<runtime::Engine*> models;
  for (const auto& engine : engines) models.push_back(engine.get());
  const std::vector<report::KldResult> results =
      MeasureKlds(reference, models, tokens, options.text);
  std::vector<TokenValues> values;
  for (size_t index = 0; index < results.size(); ++index) {
    values.push_back(ValuesOf(results[index]));
    Summarize(results[index], values.back(), ablation.rows[index]);
  }
  if (!results.empty()) {
    ablation.run = results.front().run;
    ablation.reference_nll = report::MeanOf(values.front().reference_nll);
    ablation.reference_perplexity = results.front().reference_perplexity;
  }
  Comparisons comparisons(ablation, values);
  comparisons.AddDifferences();
  comparisons.AddShares();
  return ablation;
}

}  // namespace hlwq::eval
