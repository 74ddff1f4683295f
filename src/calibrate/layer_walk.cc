#include "calibrate/layer_walk.h"

#include <algorithm>

#include "base/error.h"

namespace hlwq::calibrate {

LayerWalk::LayerWalk(runtime::Engine& engine, const TokenSequences& sequences,
                     const std::filesystem::path& scratch, uint64_t most_bytes)
    : engine_(engine), sequences_(sequences) {
  engine_.ReleaseMemory();  // of whoever made the text
  size_t tokens = 0;
  for (const auto& sequence : sequences) tokens += sequence.size();
  const size_t values = tokens * engine.config().sizes.hidden;
  if (values * sizeof(float) <= most_bytes) {
    streams_.resize(values);
    return;
  }
  file_ = File::OpenForWrite(scratch);
  std::filesystem::remove(scratch);  // it is gone with its last user, however that ends
  file_->Allocate(values * sizeof(float));
}

void LayerWalk::Load(uint64_t first_value) {
  if (layer_ == 0) return;
  if (file_) {
    file_->ReadAt(first_value * sizeof(float), std::as_writable_bytes(std::span(from_)));
  } else {
    std::copy_n(streams_.begin() + static_cast<ptrdiff_t>(first_value), from_.size(),
                from_.begin());
  }
}

void LayerWalk::Save(uint64_t first_value) {
  if (file_) {
    file_->WriteAt(first_value * sizeof(float), std::as_bytes(std::span(to_)));
  } else {
    std::ranges::copy(to_, streams_.begin() + static_cast<ptrdiff_t>(first_value));
  }
}

void LayerWalk::ForEachPass(FunctionRef<void(std::span<const runtime::Work> work)> run,
                            bool saves) {
  const size_t hidden = engine_.config().sizes.hidden;
  uint64_t first_value = 0;
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
    Load(first_value);
    run(work);
    if (saves) Save(first_value);
    first_value += tokens * hidden;
  }
  // Pages have room for the keys and values of all layers; those of one were written to.
  engine_.ReleaseMemory();
}

void LayerWalk::Next(std::optional<model::OnProducts> on_products,
                     FunctionRef<void(size_t tokens)> on_pass) {
  const auto run = [&](std::span<const runtime::Work> work) {
    model::LayerRange layers = {.begin = layer_, .end = layer_ + 1, .from = {}, .to = to_};
    if (layer_ > 0) layers.from = from_;
    engine_.StepLayers(
        work, layers, [](size_t, size_t, std::span<const float>) {}, on_products);
    on_pass(to_.size() / engine_.config().sizes.hidden);
  };
  ForEachPass(run, true);
  ++layer_;
}

void LayerWalk::ToHead(FunctionRef<void(std::span<const float> inputs)> on_inputs) {
  HLWQ_DASSERT(layer_ == engine_.config().sizes.layers.size());
  const auto run = [&](std::span<const runtime::Work> work) {
    const auto on_hidden = [&](size_t index, std::span<const float> hidden) {
      if (index == 1) on_inputs(hidden);  // normed
    };
    engine_.StepLayers(
        work, {.begin = layer_, .end = layer_, .from = from_, .to = {}},
        [](size_t, size_t, std::span<const float>) {}, std::nullopt, model::OnHidden(on_hidden));
  };
  ForEachPass(run, false);
}

}  // namespace hlwq::calibrate
