#include "study/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace hlwq::study {
namespace {

struct Mean {
  double value = 0;
  double error = 0;  // of the mean
};

Mean MeanOf(const std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  Mean mean;
  for (const double value : values) mean.value += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean.value) * (value - mean.value);
  if (values.size() > 1) mean.error = std::sqrt(squares / (count * (count - 1)));
  return mean;
}

}  // namespace

Likelihood Evaluate(const Net& net, const Objective& objective, const Corpus& corpus,
                    const EvaluateOptions& options) {
  const size_t length = net.options().model.window;
  const size_t there = corpus.windows(options.split, length);
  const size_t windows = options.windows == 0 ? there : std::min(options.windows, there);
  Likelihood likelihood = {.windows = windows, .is_exact = objective.is_exact()};
  if (windows == 0) return likelihood;
  const TokenGrid grid = {corpus.tokens(options.split).first(windows * length), windows, length};
  const std::vector<WindowScore> scores =
      objective.Score(net, grid, options.noise_samples, options.seed);

  const double tokens = static_cast<double>(length);
  std::vector<double> values;
  double noise = 0;
  for (const WindowScore& score : scores) {
    values.push_back(score.nll / tokens);
    noise += score.noise_variance;
  }
  const Mean mean = MeanOf(values);
  likelihood.nll = mean.value;
  likelihood.standard_error = mean.error;
  likelihood.noise_error = std::sqrt(noise) / (tokens * static_cast<double>(windows));

  const std::vector<double> source = corpus.SourceNll(options.split);
  if (source.size() >= windows && corpus.document_tokens() == length) {
    std::vector<double> sources, differences;
    for (size_t window = 0; window < windows; ++window) {
      sources.push_back(source[window] / tokens);
      differences.push_back(values[window] - source[window] / tokens);
    }
    const Mean difference = MeanOf(differences);
    likelihood.source_nll = MeanOf(sources).value;
    likelihood.kl = difference.value;
    likelihood.kl_error = difference.error;
  }
  return likelihood;
}

nlohmann::json ToJson(const Likelihood& likelihood) {
  nlohmann::json document = {{"windows", likelihood.windows},
                             {"exact", likelihood.is_exact},
                             {"nll", likelihood.nll},
                             {"se", likelihood.standard_error},
                             {"noise_se", likelihood.noise_error}};
  if (likelihood.kl) {
    document["source_nll"] = *likelihood.source_nll;
    document["kl"] = *likelihood.kl;
    document["kl_se"] = likelihood.kl_error;
  }
  return document;
}

}  // namespace hlwq::study
