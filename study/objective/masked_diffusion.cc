// Masked diffusion: what was masked, from all that was not (Sahoo et al. 2024; noise.h has schedules and weights).
#include <torch/torch.h>

#include <algorithm>
#include <memory>

#include "study/objective/make.h"
#include "study/objective/tensors.h"

namespace hlwq::study {
namespace {

// Corrupted windows in one pass when scoring.
constexpr size_t kCorruptionsAtOnce = 64;

// Corruptions of any windows as rows of one batch, with what stood at the masked places.
struct MaskedRows {
  Corruption noise;
  std::vector<int64_t> targets;
  size_t length = 0;

  size_t rows() const noexcept { return noise.times.size(); }

  // Rows [begin, end) of a corruption of `truth`, whose rows repeat it.
  void Add(const Corruption& from, size_t begin, size_t end, std::span<const TokenId> truth) {
    const auto first = static_cast<int64_t>(begin * length);
    const auto last = static_cast<int64_t>(end * length);
    const auto offset = static_cast<int64_t>(noise.tokens.size()) - first;
    const auto masked = std::ranges::lower_bound(from.masked, first);
    for (auto place = masked; place != from.masked.end() && *place < last; ++place) {
      noise.masked.push_back(*place + offset);
      targets.push_back(truth[static_cast<size_t>(*place) % truth.size()]);
    }
    noise.tokens.insert(noise.tokens.end(), from.tokens.begin() + first,
                        from.tokens.begin() + last);
    for (size_t row = begin; row < end; ++row) {
      noise.times.push_back(from.times[row]);
      noise.weights.push_back(from.weights[row]);
    }
  }
};

// Cross-entropy of each masked place, [masked]: only what is asked for goes through the head.
at::Tensor MaskedLosses(const Net& net, const MaskedRows& made, bool is_training) {
  at::Tensor times;
  if (net.options().has_time_embedding) times = ToTensor(net, made.noise.times);
  const TokenGrid grid = {made.noise.tokens, made.rows(), made.length};
  const at::Tensor hidden = net.Hidden(ToTensor(net, grid), times, is_training);
  const at::Tensor rows = hidden.flatten(0, 1).index_select(0, ToTensor(net, made.noise.masked));
  return CrossEntropy(net.Head(rows), ToTensor(net, std::span<const int64_t>(made.targets)));
}

// Computes the rows and appends the weighted cross-entropy of each; then there are none.
void Flush(const Net& net, MaskedRows& made, std::vector<double>& samples) {
  if (made.rows() == 0) return;
  const size_t first = samples.size();
  samples.resize(first + made.rows(), 0);
  const std::vector<double> losses = ToHost(MaskedLosses(net, made, false));
  for (size_t index = 0; index < losses.size(); ++index) {
    const size_t row = static_cast<size_t>(made.noise.masked[index]) / made.length;
    samples[first + row] += made.noise.weights[row] * losses[index];
  }
  made = {.length = made.length};
}

// The mean, and the variance that it has if the samples were independent: stratified ones have less.
WindowScore Summarise(std::span<const double> samples) {
  const double count = static_cast<double>(samples.size());
  double mean = 0, squares = 0;
  for (const double sample : samples) mean += sample / count;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  return {mean, samples.size() < 2 ? 0 : squares / (count * (count - 1))};
}

class MaskedDiffusion final : public Objective {
 public:
  MaskedDiffusion(NoiseSchedule schedule, MaskedLoss loss) : schedule_(schedule), loss_(loss) {}

  at::Tensor Loss(const Net& net, const TokenGrid& windows, const Draw& draw,
                  bool is_training) const override {
    const size_t batch_rows = draw.batch_rows == 0 ? windows.batch : draw.batch_rows;
    MaskedRows made = {.length = windows.length};
    made.noise = Corrupt(windows.tokens, windows.length, schedule_, net.mask_token(), draw);
    std::vector<double> weights;
    for (const int64_t place : made.noise.masked) {
      made.targets.push_back(windows.tokens[static_cast<size_t>(place)]);
      weights.push_back(made.noise.weights[static_cast<size_t>(place) / windows.length]);
    }
    const at::Tensor losses = MaskedLosses(net, made, is_training);
    if (loss_ == MaskedLoss::kUnweighted) {
      const double part = static_cast<double>(windows.batch) / static_cast<double>(batch_rows);
      return losses.sum() * (part / static_cast<double>(std::max<size_t>(weights.size(), 1)));
    }
    return (losses * ToTensor(net, weights)).sum() /
           static_cast<double>(batch_rows * windows.length);
  }

  std::vector<WindowScore> Score(const Net& net, const TokenGrid& windows, size_t noise_samples,
                                 uint64_t seed) const override {
    const at::NoGradGuard no_gradients;
    MaskedRows made = {.length = windows.length};
    std::vector<double> samples;
    for (size_t window = 0; window < windows.batch; ++window) {
      const auto truth = windows.tokens.subspan(window * windows.length, windows.length);
      const Corruption noise =
          CorruptForEvaluation(truth, noise_samples, schedule_, net.mask_token(),
                               net.options().has_time_embedding, {.seed = seed, .step = window});
      for (size_t row = 0; row < noise_samples;) {
        const size_t rows = std::min(noise_samples - row, kCorruptionsAtOnce - made.rows());
        made.Add(noise, row, row + rows, truth);
        row += rows;
        if (made.rows() == kCorruptionsAtOnce) Flush(net, made, samples);
      }
    }
    Flush(net, made, samples);
    std::vector<WindowScore> scores;
    for (size_t window = 0; window < windows.batch; ++window) {
      scores.push_back(
          Summarise(std::span(samples).subspan(window * noise_samples, noise_samples)));
    }
    return scores;
  }

  bool is_exact() const noexcept override { return false; }

 private:
  NoiseSchedule schedule_;
  MaskedLoss loss_;
};

}  // namespace

std::unique_ptr<Objective> MakeMaskedDiffusion(NoiseSchedule schedule, MaskedLoss loss) {
  return std::make_unique<MaskedDiffusion>(schedule, loss);
}

std::unique_ptr<Objective> MakeObjective(const ArmConfig& arm, TokenId start) {
  if (arm.objective == ObjectiveKind::kAutoregressive) return MakeAutoregressive(start);
  return MakeMaskedDiffusion(arm.schedule, arm.loss);
}

}  // namespace hlwq::study
