#include "eval/sensitivity.h"

#include <array>

#include "base/random.h"
#include "runtime/generate.h"

namespace hlwq::eval {
namespace {

using runtime::TokenId;

// Calls visit(sequence) with an empty cache for each.
template <typename Visit>
void ForEachSequence(runtime::Engine& engine, const ProbeOptions& options, Visit&& visit) {
  runtime::SequenceState cache =
      engine.MakeState({.format = DType::kF32, .capacity = options.tokens});
  for (size_t sequence = 0; sequence < options.sequences; ++sequence) {
    cache.Clear();
    visit(sequence, cache);
  }
}

std::span<const TokenId> SequenceOf(const std::vector<TokenId>& probes, const ProbeOptions& options,
                                    size_t sequence) {
  return std::span(probes).subspan(sequence * options.tokens, options.tokens);
}

double SquaredLength(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return sum;
}

}  // namespace

std::vector<TokenId> MakeProbes(runtime::Engine& engine, const ProbeOptions& options) {
  const uint64_t vocabulary = engine.config().sizes.vocab;
  std::vector<TokenId> probes;
  for (size_t sequence = 0; sequence < options.sequences; ++sequence) {
    const uint64_t seed = MixBits(options.seed + sequence);
    const std::array first = {static_cast<TokenId>(seed % vocabulary)};
    runtime::Sequence held(engine, {.format = DType::kF32, .capacity = options.tokens});
    runtime::GenerateOptions generate;
    generate.max_tokens = options.tokens - 1;
    generate.sampler = {.temperature = options.temperatures[sequence % options.temperatures.size()],
                        .top_k = 0,
                        .top_p = 1,
                        .min_p = 0,
                        .seed = seed};
    const runtime::GenerationResult made = runtime::Generate(
        engine, held, first, generate, {[](TokenId) { return true; }, [](size_t) { return true; }});
    probes.push_back(first.front());
    probes.insert(probes.end(), made.tokens.begin(), made.tokens.end());
  }
  return probes;
}

std::vector<double> MeasureResidualShares(runtime::Engine& engine,
                                          const std::vector<TokenId>& probes,
                                          const ProbeOptions& options) {
  const size_t layers = engine.config().sizes.layers.size();
  std::vector<double> added(layers), left(layers);
  std::vector<float> before;
  ForEachSequence(engine, options, [&](size_t sequence, runtime::SequenceState& cache) {
    engine.Feed(
        cache, SequenceOf(probes, options, sequence), model::LogitsOf::kNone,
        [](size_t, std::span<const float>) {},
        [&](size_t index, std::span<const float> hidden) {
          if (index >= 1 && index <= layers) {
            for (size_t i = 0; i < hidden.size(); ++i) before[i] = hidden[i] - before[i];
            added[index - 1] += SquaredLength(before);
            left[index - 1] += SquaredLength(hidden);
          }
          before.assign(hidden.begin(), hidden.end());
        });
  });
  for (size_t layer = 0; layer < layers; ++layer) added[layer] /= left[layer];
  return added;
}

}  // namespace hlwq::eval
