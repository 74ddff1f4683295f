// MeasureDivergences: every group of tensors coded alone, layer by layer.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "checkpoint/catalog.h"
#include "eval/distribution_error.h"
#include "eval/round_trips.h"
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
      states_.push_back(engine.MakeState({.dtype = DType::kF32, .capacity = options.tokens}));
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
        change_(std::make_shared<const CodecRoundTrip>(options.codec)),
        reference_(open(), {.threads = options.threads}),
        pass_(reference_, probes, options.probes) {
    const checkpoint::Classified classified =
        checkpoint::ClassifyTensors(reference_.model().checkpoint());
    for (const std::vector<size_t>& group : groups) {
      places_.push_back(PlaceOf(group, classified.specs));
    }
  }

  std::vector<double> Measure() {
    streams_.resize(groups_.size());
    std::vector<float> stream(pass_.stream_size());
    pass_.Embed(stream);
    for (size_t layer = 0; layer < num_layers(); ++layer) {
      for (size_t group = 0; group < groups_.size(); ++group) RunGroup(group, layer, stream);
      pass_.RunLayer(layer, stream, stream);
    }
    const size_t vocabulary = reference_.config().sizes.vocab;
    want_.resize(probes_.size() * vocabulary);
    pass_.MakeLogits(stream, [&](size_t token, std::span<const float> logits) {
      std::ranges::copy(logits, want_.begin() + static_cast<ptrdiff_t>(token * vocabulary));
    });
    std::vector<double> divergences;
    for (size_t group = 0; group < groups_.size(); ++group) {
      divergences.push_back(DivergenceOf(group, stream));
      Tell(1);
    }
    return divergences;
  }

 private:
  size_t num_layers() const noexcept { return reference_.config().sizes.layers.size(); }

  runtime::Engine OpenCoded(const std::vector<size_t>& group) const {
    checkpoint::Checkpoint changed = open_();
    for (const size_t tensor : group) {
      checkpoint::TensorEntry& entry = changed.tensors[tensor];
      entry.storage =
          checkpoint::DerivedStorage{std::make_shared<checkpoint::TensorEntry>(entry), 0, change_};
      entry.dtype = DType::kF32;
    }
    return runtime::Engine(std::move(changed), {.threads = options_.threads});
  }

  // One layer of one group, whose stream parts from that of the model as it is where its tensors are.
  void RunGroup(size_t group, size_t layer, std::span<const float> stream) {
    if (places_[group].kind != Place::Kind::kLayer) return;
    std::vector<float>& own = streams_[group];
    if (std::cmp_equal(places_[group].layer, layer)) {
      own.resize(stream.size());
      runtime::Engine coded = OpenCoded(groups_[group]);
      ProbePass(coded, probes_, options_.probes).RunLayer(layer, stream, own);
    } else if (!own.empty()) {
      pass_.RunLayer(layer, own, own);
    } else {
      return;
    }
    Tell(1);
  }

  double DivergenceOf(size_t group, std::span<const float> stream) {
    double sum = 0;
    const size_t vocabulary = reference_.config().sizes.vocab;
    const auto add = [&](size_t token, std::span<const float> logits) {
      const std::span<const float> held = std::span(want_).subspan(token * vocabulary, vocabulary);
      const Prediction as_it_is(held);
      sum += CompareLogits(as_it_is, 0, Prediction(logits), 0).kl;
    };
    if (!streams_[group].empty()) {
      pass_.MakeLogits(streams_[group], add);
      streams_[group] = {};
    } else {
      runtime::Engine coded = OpenCoded(groups_[group]);
      const bool is_head = places_[group].kind == Place::Kind::kHead;
      ProbePass(coded, probes_, options_.probes)
          .MakeLogits(is_head ? stream : std::span<const float>(), add);
    }
    return sum / static_cast<double>(probes_.size());
  }

  // Steps are layers of groups, and their logits.
  void Tell(size_t steps) {
    if (!options_.progress) return;
    if (all_steps_ == 0) {
      all_steps_ = groups_.size();
      for (const Place& place : places_) {
        if (place.layer >= 0) all_steps_ += num_layers() - static_cast<size_t>(place.layer);
      }
    }
    steps_ += steps;
    options_.progress({steps_ * probes_.size(), all_steps_ * probes_.size(), ""});
  }

  const std::function<checkpoint::Checkpoint()>& open_;
  const std::vector<std::vector<size_t>>& groups_;
  const std::vector<TokenId>& probes_;
  const DivergenceOptions& options_;
  std::shared_ptr<const CodecRoundTrip> change_;
  runtime::Engine reference_;
  ProbePass pass_;
  std::vector<Place> places_;                // of each group
  std::vector<std::vector<float>> streams_;  // of each group; empty before its layer
  std::vector<float> want_;                  // [token, vocabulary]
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
