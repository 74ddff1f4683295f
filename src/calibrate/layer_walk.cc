#include "calibrate/layer_walk.h"

#include "base/error.h"

namespace hlwq::calibrate {
namespace {

constexpr auto kNoLogits = [](size_t, size_t, std::span<const float>) {};

}  // namespace

size_t CountTokens(const TokenSequences& sequences) noexcept {
  size_t tokens = 0;
  for (const auto& sequence : sequences) tokens += sequence.size();
  return tokens;
}

LayerWalk::LayerWalk(runtime::Engine& engine, const TokenSequences& sequences,
                     const std::filesystem::path& scratch, uint64_t most_bytes)
    : engine_(engine),
      sequences_(sequences),
      streams_(CountTokens(sequences), engine.config().sizes.hidden, scratch, most_bytes) {
  engine_.ReleaseMemory();  // of whoever made the text
}

void LayerWalk::ForEachPass(
    FunctionRef<void(std::span<const runtime::Work> work, size_t first_token)> run) {
  const size_t hidden = engine_.config().sizes.hidden;
  size_t first_token = 0;
  for (size_t first = 0; first < sequences_.size();) {
    std::vector<runtime::SequenceState> states;
    std::vector<runtime::Work> work;
    size_t tokens = 0;
    size_t last = first;
    do {
      tokens += sequences_[last++].size();
    } while (last < sequences_.size() &&
             tokens + sequences_[last].size() <= engine_.chunk_tokens());
    states.reserve(last - first);
    for (; first < last; ++first) {
      HLWQ_DASSERT(sequences_[first].size() > model::kShortSegment);
      states.push_back(
          engine_.MakeState({.format = DType::kF16, .capacity = sequences_[first].size()}));
      work.push_back({.sequence = &states.back(),
                      .tokens = sequences_[first],
                      .logits_of = model::LogitsOf::kNone});
    }
    from_.resize(tokens * hidden);
    to_.resize(tokens * hidden);
    if (layer_ > 0) streams_.Read(first_token, from_);
    run(work, first_token);
    first_token += tokens;
  }
  // Pages have room for the keys and values of all layers; those of one were written to.
  engine_.ReleaseMemory();
}

void LayerWalk::RunLayer(const runtime::LayerObservers& observers, OnPass on_pass, bool saves) {
  ForEachPass([&](std::span<const runtime::Work> work, size_t first_token) {
    model::LayerRange layers = {.begin = layer_, .end = layer_ + 1, .from = {}, .to = to_};
    if (layer_ > 0) layers.from = from_;
    engine_.StepLayers(work, layers, kNoLogits, observers);
    if (saves) streams_.Write(first_token, to_);
    on_pass({first_token, to_.size() / engine_.config().sizes.hidden, to_});
  });
}

void LayerWalk::Next(const runtime::LayerObservers& observers, OnPass on_pass) {
  RunLayer(observers, on_pass, true);
  ++layer_;
}

void LayerWalk::Try(const runtime::LayerObservers& observers, OnPass on_pass) {
  RunLayer(observers, on_pass, false);
}

void LayerWalk::ToHead(FunctionRef<void(std::span<const float> inputs)> on_inputs) {
  HLWQ_DASSERT(layer_ == engine_.config().sizes.layers.size());
  const auto on_hidden = [&](size_t index, std::span<const float> hidden) {
    if (index == 1) on_inputs(hidden);  // normed
  };
  ForEachPass([&](std::span<const runtime::Work> work, size_t) {
    engine_.StepLayers(work, {.begin = layer_, .end = layer_, .from = from_, .to = {}}, kNoLogits,
                       {.on_hidden = model::OnHidden(on_hidden)});
  });
}

}  // namespace hlwq::calibrate
