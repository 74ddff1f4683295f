#include "eval/side_by_side.h"

#include <algorithm>

namespace hlwq::eval {
namespace {

constexpr uint64_t kHeldBytes = 32u << 20;
constexpr size_t kLeastHeldTokens = 16;
constexpr size_t kMostHeldTokens = 256;

size_t HeldTokens(size_t vocabulary) noexcept {
  return std::clamp<size_t>(
      kHeldBytes / (vocabulary * sizeof(float)) / kLeastHeldTokens * kLeastHeldTokens,
      kLeastHeldTokens, kMostHeldTokens);
}

}  // namespace

void SideBySide::HeldLogits::Read(WindowReader& reader, size_t first, size_t count) {
  reader.Score(count, [&](size_t token, std::span<const float> logits) {
    std::ranges::copy(logits, (*this)[token - first].begin());
  });
}

SideBySide::SideBySide(runtime::Engine& reference, std::span<runtime::Engine* const> models,
                       std::span<const runtime::TokenId> tokens, const TextRunOptions& options)
    : reference_(reference),
      models_(models),
      tokens_(tokens),
      held_tokens_(HeldTokens(reference.config().sizes.vocab)),
      reference_logits_(held_tokens_, reference.config().sizes.vocab),
      logits_(held_tokens_, reference.config().sizes.vocab),
      expected_(held_tokens_, Expected{Prediction(reference_logits_[0])}),
      errors_(held_tokens_),
      reference_reader_(reference, tokens, options.windows, options.reference_kv_format),
      kl_sums_(models.size()) {
  for (runtime::Engine* model : models)
    readers_.emplace_back(*model, tokens, options.windows, options.kv_format);
}

void SideBySide::Compare(const TokenWindow& window, OnCompared on_compared) {
  reference_reader_.Begin(window);
  for (WindowReader& reader : readers_) reader.Begin(window);
  for (size_t first = window.first_scored; first < window.end; first += held_tokens_) {
    const size_t count = std::min(held_tokens_, window.end - first);
    ReadReference(first, count);
    for (size_t model = 0; model < models_.size(); ++model) {
      CompareModel(model, first, count, on_compared);
    }
    compared_ += count;
  }
}

std::vector<double> SideBySide::MeanKls() const {
  std::vector<double> means;
  for (const double sum : kl_sums_) means.push_back(sum / static_cast<double>(compared_));
  return means;
}

void SideBySide::ReadReference(size_t first, size_t count) {
  reference_logits_.Read(reference_reader_, first, count);
  reference_.pool().ParallelFor(count, 1, [&](size_t begin, size_t end, int) {
    for (size_t index = begin; index < end; ++index) {
      const Prediction prediction(reference_logits_[index]);
      expected_[index] = {prediction, EntropyOf(prediction)};
    }
  });
}

void SideBySide::CompareModel(size_t model, size_t first, size_t count, OnCompared on_compared) {
  runtime::Engine& engine = *models_[model];
  logits_.Read(readers_[model], first, count);
  engine.pool().ParallelFor(count, 1, [&](size_t begin, size_t end, int) {
    for (size_t index = begin; index < end; ++index) {
      const Expected& expected = expected_[index];
      errors_[index] =
          CompareLogits(expected.prediction, expected.entropy, Prediction(logits_[index]),
                        static_cast<size_t>(tokens_[first + index]));
    }
  });
  for (size_t index = 0; index < count; ++index) {
    const report::TokenError& error = errors_[index];
    RequireFinite(reference_, first + index, error.reference_nll);
    RequireFinite(engine, first + index, error.nll);
    RequireFinite(engine, first + index, error.kl);
    kl_sums_[model] += error.kl;
    on_compared(model, first + index, error);
  }
}

}  // namespace hlwq::eval
