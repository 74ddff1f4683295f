// Masked diffusion: what was masked, from all that was not (Sahoo et al. 2024; noise.h has schedules and weights).
#include <torch/torch.h>

#include <memory>

#include "study/objective/make.h"
#include "study/objective/tensors.h"

namespace hlwq::study {
namespace {

// Corrupted windows in one pass when scoring.
constexpr size_t kCorruptionsAtOnce = 64;

class MaskedDiffusion final : public Objective {
 public:
  MaskedDiffusion(NoiseSchedule schedule, MaskedLoss loss) : schedule_(schedule), loss_(loss) {}

  at::Tensor Loss(const Net& net, const TokenGrid& windows, const Draw& draw,
                  bool is_training) const override {
    const size_t batch_rows = draw.batch_rows == 0 ? windows.batch : draw.batch_rows;
    const Corruption noise =
        Corrupt(windows.tokens, windows.length, schedule_, net.mask_token(), draw);
    const at::Tensor losses = MaskedLosses(net, {noise.tokens, windows.batch, windows.length},
                                           noise, windows.tokens, is_training);
    if (loss_ == MaskedLoss::kUnweighted) {
      const double part = static_cast<double>(windows.batch) / static_cast<double>(batch_rows);
      return losses.sum() * (part / static_cast<double>(std::max<size_t>(noise.masked.size(), 1)));
    }
    std::vector<double> weights;
    for (const int64_t place : noise.masked) {
      weights.push_back(noise.weights[static_cast<size_t>(place) / windows.length]);
    }
    return (losses * ToTensor(net, weights)).sum() /
           static_cast<double>(batch_rows * windows.length);
  }

  std::vector<WindowScore> Score(const Net& net, const TokenGrid& windows, size_t noise_samples,
                                 uint64_t seed) const override {
    const at::NoGradGuard no_gradients;
    std::vector<WindowScore> scores;
    std::vector<double> samples;
    for (size_t row = 0; row < windows.batch; ++row) {
      const auto window = windows.tokens.subspan(row * windows.length, windows.length);
      const Corruption noise =
          CorruptForEvaluation(window, noise_samples, schedule_, net.mask_token(),
                               net.options().has_time_embedding, {.seed = seed, .step = row});
      samples.assign(noise_samples, 0);
      AddSamples(net, window, noise, samples);
      scores.push_back(Summarise(samples));
    }
    return scores;
  }

  bool is_exact() const noexcept override { return false; }

 private:
  NoiseSchedule schedule_;
  MaskedLoss loss_;

  // Cross-entropy of each masked place, [masked]. `truth` repeats after as many tokens as it has.
  static at::Tensor MaskedLosses(const Net& net, const TokenGrid& corrupted,
                                 const Corruption& noise, std::span<const TokenId> truth,
                                 bool is_training) {
    std::vector<int64_t> targets;
    for (const int64_t place : noise.masked) {
      targets.push_back(truth[static_cast<size_t>(place) % truth.size()]);
    }
    at::Tensor times;
    if (net.options().has_time_embedding) times = ToTensor(net, noise.times);
    const at::Tensor hidden = net.Hidden(ToTensor(net, corrupted), times, is_training);
    // Only what is asked for goes through the head.
    const at::Tensor rows = hidden.flatten(0, 1).index_select(0, ToTensor(net, noise.masked));
    return CrossEntropy(net.Head(rows), ToTensor(net, std::span<const int64_t>(targets)));
  }

  // Adds the weighted cross-entropy of each corruption of one window, a few rows at a time.
  static void AddSamples(const Net& net, std::span<const TokenId> window, const Corruption& noise,
                         std::vector<double>& samples) {
    const size_t length = window.size();
    size_t first_masked = 0;
    for (size_t row = 0; row < samples.size(); row += kCorruptionsAtOnce) {
      const size_t rows = std::min(kCorruptionsAtOnce, samples.size() - row);
      const auto begin = static_cast<int64_t>(row * length);
      const auto end = static_cast<int64_t>((row + rows) * length);
      Corruption part;
      part.times.assign(noise.times.begin() + static_cast<std::ptrdiff_t>(row),
                        noise.times.begin() + static_cast<std::ptrdiff_t>(row + rows));
      size_t masked = first_masked;
      for (; masked < noise.masked.size() && noise.masked[masked] < end; ++masked) {
        part.masked.push_back(noise.masked[masked] - begin);
      }
      const TokenGrid grid = {std::span(noise.tokens).subspan(row * length, rows * length), rows,
                              length};
      const std::vector<double> losses = ToHost(MaskedLosses(net, grid, part, window, false));
      for (size_t index = 0; index < losses.size(); ++index) {
        const size_t sample = row + static_cast<size_t>(part.masked[index]) / length;
        samples[sample] += noise.weights[sample] * losses[index];
      }
      first_masked = masked;
    }
  }

  // The mean, and the variance that it has if the samples were independent: stratified ones have less.
  static WindowScore Summarise(const std::vector<double>& samples) {
    const double count = static_cast<double>(samples.size());
    double mean = 0, squares = 0;
    for (const double sample : samples) mean += sample / count;
    for (const double sample : samples) squares += (sample - mean) * (sample - mean);
    return {mean, samples.size() < 2 ? 0 : squares / (count * (count - 1))};
  }
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
