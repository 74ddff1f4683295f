// MeasureDivergences: every group of tensors coded alone, layer by layer.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "checkpoint/catalog.h"
#include "eval/distribution_error.h"
#include "eval/sensitivity.h"

namespace hlwq::eval {
namespace {

using checkpoint::Role;
using runtime::TokenId;

// Where a group's errors come in.
struct Place {
  enum class Kind { kLayer, kHead, kAnywhere };
  Kind kind = Kind::kAnywhere;
  int layer = -1;
};

Place PlaceOf(const std::vector<size_t>& group, const std::vector<checkpoint::TensorSpec>& specs) {
  if (group.empty()) return {};
  const checkpoint::TensorSpec& first = specs[group.front()];
  const auto is_beside = [&](size_t tensor) { return specs[tensor].layer == first.layer; };
  if (first.layer >= 0 && std::ranges::all_of(group, is_beside)) {
    return {Place::Kind::kLayer, first.layer};
  }
  if (group.size() == 1 && first.role == Role::kLmHead) return {Place::Kind::kHead, -1};
  return {};
}

// Takes all probes through layers of an engine.
class ProbePass {
 public:
  ProbePass(runtime::Engine& engine, const std::vector<TokenId>& probes,
            const ProbeOptions& options)
      : engine_(engine), layers_(engine.config().sizes.layers.size()) {
    for (size_t sequence = 0; sequence < options.sequences; ++sequence) {
      states_.push_back(engine.MakeState({.format = DType::kF32, .capacity = options.tokens}));
    }
    for (size_t sequence = 0; sequence < options.sequences; ++sequence) {
      work_.push_back(
          {.sequence = &states_[sequence],
           .tokens = std::span(probes).subspan(sequence * options.tokens, options.tokens),
           .logits_of = model::LogitsOf::kAll});
    }
    tokens_ = options.tokens;
  }

  size_t stream_size() const noexcept {
    return work_.size() * tokens_ * engine_.config().sizes.hidden;
  }
  void Embed(std::span<float> stream) {
    engine_.StepLayers(work_, {.begin = 0, .end = 0, .from = {}, .to = stream}, kNoLogits);
  }
  void RunLayer(size_t layer, std::span<const float> from, std::span<float> to) {
    engine_.StepLayers(work_, {.begin = layer, .end = layer + 1, .from = from, .to = to},
                       kNoLogits);
  }
  // Calls visit(token of the probes, logits). From the embedding where `stream` is empty, else from what
  // the last layer left.
  template <typename Visit>
  void MakeLogits(std::span<const float> stream, Visit visit) {
    const size_t begin = stream.empty() ? 0 : layers_;
    engine_.StepLayers(work_, {.begin = begin, .end = layers_, .from = stream, .to = {}},
                       [&](size_t sequence, size_t token, std::span<const float> logits) {
                         visit(sequence * tokens_ + token, logits);
                       });
  }

 private:
  static constexpr auto kNoLogits = [](size_t, size_t, std::span<const float>) {};

  runtime::Engine& engine_;
  size_t layers_ = 0;
  size_t tokens_ = 0;
  std::vector<runtime::SequenceState> states_;
  std::vector<runtime::Work> work_;
};

class DivergenceMeter {
 public:
  DivergenceMeter(const std::function<checkpoint::Checkpoint()>& open,
                  const std::vector<std::vector<size_t>>& groups,
                  const std::vector<TokenId>& probes, const DivergenceOptions& options)
      : open_(open),
        groups_(groups),
        probes_(probes),
        options_(options),
        reference_(open(), {.threads = options.threads}),
        pass_(reference_, probes, options.probes) {
    const checkpoint::Classified classified =
        checkpoint::ClassifyTensors(reference_.model().checkpoint());
    for (const std::vector<size_t>& group : groups) {
      places_.push_back(PlaceOf(group, classified.specs));
    }
  }

  std::vector<double> Measure() {
    streams_.resize(options_.shares_layers ? num_layers() : groups_.size());
    errors_.resize(groups_.size());
    std::vector<float> stream(pass_.stream_size()), before;
    pass_.Embed(stream);
    for (size_t layer = 0; layer < num_layers(); ++layer) {
      before = stream;
      pass_.RunLayer(layer, stream, stream);
      for (std::vector<float>& own : streams_) {
        if (own.empty()) continue;
        pass_.RunLayer(layer, own, own);
        Tell(1);
      }
      for (size_t group = 0; group < groups_.size(); ++group) {
        if (places_[group].kind != Place::Kind::kLayer) continue;
        if (std::cmp_equal(places_[group].layer, layer)) RunGroup(group, layer, before, stream);
      }
    }
    const size_t vocabulary = reference_.config().sizes.vocab;
    want_.resize(probes_.size() * vocabulary);
    pass_.MakeLogits(stream, [&](size_t token, std::span<const float> logits) {
      std::ranges::copy(logits, want_.begin() + static_cast<ptrdiff_t>(token * vocabulary));
    });
    if (options_.shares_layers) ShareOut();
    std::vector<double> divergences;
    for (size_t group = 0; group < groups_.size(); ++group) {
      const bool is_shared = options_.shares_layers && places_[group].kind == Place::Kind::kLayer;
      divergences.push_back(is_shared ? errors_[group] : DivergenceOf(group, stream));
    }
    return divergences;
  }

 private:
  size_t num_layers() const noexcept { return reference_.config().sizes.layers.size(); }

  runtime::Engine OpenCoded(const std::vector<size_t>& group) const {
    checkpoint::Checkpoint changed = open_();
    for (const size_t tensor : group) {
      checkpoint::TensorEntry& entry = changed.tensors[tensor];
      entry.storage = checkpoint::DerivedStorage{std::make_shared<checkpoint::TensorEntry>(entry),
                                                 0, options_.change(tensor)};
      entry.dtype = DType::kF32;
    }
    return runtime::Engine(std::move(changed), {.threads = options_.threads});
  }

  // The layer of a group, whose stream parts there from that of the model as it is.
  void RunGroup(size_t group, size_t layer, std::span<const float> before,
                std::span<const float> after) {
    std::vector<float> own(before.size());
    {
      runtime::Engine coded = OpenCoded(groups_[group]);
      ProbePass(coded, probes_, options_.probes).RunLayer(layer, before, own);
    }
    Tell(1);
    if (!options_.shares_layers) {
      streams_[group] = std::move(own);
      return;
    }
    std::vector<float>& all = streams_[layer];
    if (all.empty()) all.assign(after.begin(), after.end());
    for (size_t i = 0; i < own.size(); ++i) {
      const float error = own[i] - after[i];
      errors_[group] += double{error} * error;
      all[i] += error;
    }
  }

  // Makes of the squared lengths of the errors what each of them does.
  void ShareOut() {
    for (size_t layer = 0; layer < num_layers(); ++layer) {
      double sum = 0;
      for (size_t group = 0; group < groups_.size(); ++group) {
        if (std::cmp_equal(places_[group].layer, layer)) sum += errors_[group];
      }
      if (streams_[layer].empty()) continue;
      const double divergence = DivergenceOfStream(streams_[layer]);
      for (size_t group = 0; group < groups_.size(); ++group) {
        if (!std::cmp_equal(places_[group].layer, layer)) continue;
        errors_[group] = sum > 0 ? errors_[group] * divergence / sum : 0;
      }
    }
  }

  double DivergenceOf(size_t group, std::span<const float> stream) {
    if (places_[group].kind == Place::Kind::kLayer) return DivergenceOfStream(streams_[group]);
    runtime::Engine coded = OpenCoded(groups_[group]);
    ProbePass pass(coded, probes_, options_.probes);
    return Compare(pass,
                   places_[group].kind == Place::Kind::kHead ? stream : std::span<const float>());
  }
  double DivergenceOfStream(std::vector<float>& stream) {
    const double divergence = Compare(pass_, stream);
    stream = {};
    return divergence;
  }
  // Of the logits that `pass` makes of the stream.
  double Compare(ProbePass& pass, std::span<const float> stream) {
    double sum = 0;
    const size_t vocabulary = reference_.config().sizes.vocab;
    pass.MakeLogits(stream, [&](size_t token, std::span<const float> logits) {
      const std::span<const float> held = std::span(want_).subspan(token * vocabulary, vocabulary);
      const Prediction as_it_is(held);
      sum += CompareLogits(as_it_is, 0, Prediction(logits), 0).kl;
    });
    Tell(1);
    return sum / static_cast<double>(probes_.size());
  }

  // Steps are a layer or the logits, of one stream.
  void Tell(size_t steps) {
    if (!options_.progress) return;
    if (all_steps_ == 0) all_steps_ = CountSteps();
    steps_ += steps;
    options_.progress({steps_ * probes_.size(), all_steps_ * probes_.size(), ""});
  }

  size_t CountSteps() const {
    size_t steps = 0;
    std::vector<bool> has_stream(num_layers());
    for (const Place& place : places_) {
      ++steps;
      if (place.layer < 0) continue;
      const auto layer = static_cast<size_t>(place.layer);
      if (!options_.shares_layers || !has_stream[layer]) steps += num_layers() - layer;
      has_stream[layer] = true;
    }
    return steps;
  }

  const std::function<checkpoint::Checkpoint()>& open_;
  const std::vector<std::vector<size_t>>& groups_;
  const std::vector<TokenId>& probes_;
  const DivergenceOptions& options_;
  runtime::Engine reference_;
  ProbePass pass_;
  std::vector<Place> places_;  // of each group
  // Of each group, or of each layer where its groups share one; empty before the layer.
  std::vector<std::vector<float>> streams_;
  // Of each group where they do: the squared length of its error, then its divergence.
  std::vector<double> errors_;
  std::vector<float> want_;  // [token, vocabulary]
  size_t steps_ = 0, all_steps_ = 0;
};

}  // namespace

std::vector<double> MeasureDivergences(const std::function<checkpoint::Checkpoint()>& open,
                                       const std::vector<std::vector<size_t>>& groups,
                                       const std::vector<TokenId>& probes,
                                       const DivergenceOptions& options) {
  return DivergenceMeter(open, groups, probes, options).Measure();
}

}  // namespace hlwq::eval
