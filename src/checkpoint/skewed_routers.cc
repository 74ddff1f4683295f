#include "checkpoint/skewed_routers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "checkpoint/catalog/text_config.h"
#include "checkpoint/views/row_means.h"

namespace hlwq::checkpoint {
namespace {

// Of an embedding's elements. Decoder layers of random weights add about 0.4 each to a stream of any
// size, with random signs: 2.7 after 40 layers. Beside that the mean stays visible, and layers still
// decide over a third of the variance of what follows them.
constexpr double kEmbeddingMean = 2;
constexpr double kEmbeddingDeviation = 4;
// The mean of a normed vector that comes from them.
const double kNormedMean = kEmbeddingMean / std::hypot(kEmbeddingMean, kEmbeddingDeviation);
// Beyond it experts are taken always, or never.
constexpr double kRarest = 1e-6;

// The z below which a normal value lies with probability `p`, to 1e-9. @pre kRarest <= p <= 1 -
// kRarest.
double NormalQuantile(double p) {
  double low = -8, high = 8;
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < p ? low : high) = middle;
  }
  return low;
}

// Which rank each of `count` experts has: a random order (Fisher-Yates).
std::vector<uint64_t> RandomRanks(uint64_t count, uint64_t seed) {
  std::vector<uint64_t> ranks(count);
  std::iota(ranks.begin(), ranks.end(), uint64_t{0});
  for (uint64_t last = count - 1; last > 0; --last) {
    std::swap(ranks[last], ranks[MixBits(seed ^ MixBits(last)) % (last + 1)]);
  }
  return ranks;
}

TextConfig ReadSizes(const nlohmann::json& config) {
  const std::optional<TextConfig> sizes = ReadTextConfig(config);
  if (!sizes || sizes->experts == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "skewed routers: want a model with experts, got one without");
  }
  if (sizes->top_k >= sizes->experts) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("skewed routers: want more experts than a token takes, got {} of {}",
                            sizes->top_k, sizes->experts));
  }
  return *sizes;
}

}  // namespace

std::vector<double> ZipfShares(uint64_t experts, uint64_t per_token, double exponent) {
  std::vector<double> shares(experts);
  const auto total_at = [&](double log_c) {
    double total = 0;
    for (uint64_t rank = 0; rank < experts; ++rank) {
      shares[rank] =
          -std::expm1(-std::exp(log_c - exponent * std::log(static_cast<double>(rank + 1))));
      total += shares[rank];
    }
    return total;
  };
  // c between where nothing is taken and where the last rank is for certain.
  double low = -30, high = 5 + exponent * std::log(static_cast<double>(experts));
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (total_at(middle) < static_cast<double>(per_token) ? low : high) = middle;
  }
  return shares;
}

SkewedRouters::SkewedRouters(const nlohmann::json& config, double exponent, uint64_t seed)
    : seed_(seed) {
  const TextConfig sizes = ReadSizes(config);
  for (const double share : ZipfShares(sizes.experts, sizes.top_k, exponent)) {
    quantiles_.push_back(NormalQuantile(std::clamp(share, kRarest, 1 - kRarest)));
  }
}

SyntheticStorage SkewedRouters::Embedding(SyntheticStorage plain) const {
  plain.mean = kEmbeddingMean;
  plain.deviation = kEmbeddingDeviation;
  return plain;
}

Storage SkewedRouters::Router(const TensorSpec& spec, SyntheticStorage plain) const {
  // A normed vector has mean square 1. Less its constant part, a random row of width H makes scores of
  // this deviation of it; the constant part alone gives the row's mean times H * kNormedMean.
  const double width = static_cast<double>(spec.shape[1]);
  const double score = plain.deviation * std::sqrt(width * (1 - kNormedMean * kNormedMean));
  const double per_quantile = score / (width * kNormedMean);
  const std::vector<uint64_t> ranks =
      RandomRanks(spec.shape[0], MixBits(seed_ ^ MixBits(static_cast<uint64_t>(spec.layer))));
  std::vector<double> means;
  for (const uint64_t rank : ranks) means.push_back(quantiles_.at(rank) * per_quantile);
  return DerivedStorage{
      std::make_shared<TensorEntry>(TensorEntry{spec.name, DType::kBF16, spec.shape, plain}), 0,
      std::make_shared<RowMeans>(std::move(means))};
}

}  // namespace hlwq::checkpoint
