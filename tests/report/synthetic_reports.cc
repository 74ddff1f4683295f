#include "tests/report/synthetic_reports.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "report/drawings/gaussian.h"

namespace hlwq::test {
namespace {

using checkpoint::Role;
using checkpoint::TensorReport;
using codec::ErrorStats;

// SNR of b = 1..8 with the scale search.
constexpr std::array kSnrDb = {4.6, 9.42, 14.99, 21.06, 27.18, 33.3, 39.4, 45.6};

// SplitMix64: the same records on every platform.
class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed) {}
  double Uniform() {  // [0, 1)
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  double Normal() {  // near enough for noise: the sum of twelve uniform draws
    double sum = -6;
    for (int draw = 0; draw < 12; ++draw) sum += Uniform();
    return sum;
  }

 private:
  uint64_t state_;
};

uint64_t Count(double expected) {
  return static_cast<uint64_t>(std::llround(std::max(expected, 0.0)));
}

void FillHistograms(ErrorStats& stats, int bits) {
  const auto count = static_cast<double>(stats.count);
  const double width = 2 * ErrorStats::kHistogramMax / ErrorStats::kHistogramBins;
  for (size_t bin = 0; bin < ErrorStats::kHistogramBins; ++bin) {
    const double z = -ErrorStats::kHistogramMax + (static_cast<double>(bin) + 0.5) * width;
    stats.coordinates[bin] = Count(count * width * report::SphereDensity(z, 128));
  }
  const std::vector<double> cells = report::CellProbabilities(OptimalLevels(bits));
  for (size_t code = 0; code < cells.size(); ++code) {
    // The scale search widens the table a little: inner codes gain, outer ones lose.
    const double middle =
        std::abs(2.0 * static_cast<double>(code) + 1 - static_cast<double>(cells.size())) /
        static_cast<double>(cells.size());
    stats.code_use[code] = Count(count * cells[code] * (1.04 - 0.12 * middle * middle));
  }
}

struct Part {
  Role role;
  const char* name;
  uint64_t out;  // in multiples of hidden, times 4
  uint64_t in;
  int mixed_bits;
};

constexpr std::array kFullAttention = {Part{Role::kAttentionQ, "self_attn.q_proj", 4, 4, 5},
                                       Part{Role::kAttentionK, "self_attn.k_proj", 1, 4, 5},
                                       Part{Role::kAttentionV, "self_attn.v_proj", 1, 4, 5},
                                       Part{Role::kAttentionO, "self_attn.o_proj", 4, 4, 6}};
constexpr std::array kLinearAttention = {
    Part{Role::kLinearAttentionQkv, "linear_attn.in_proj_qkv", 16, 4, 5},
    Part{Role::kLinearAttentionZ, "linear_attn.in_proj_z", 8, 4, 5},
    Part{Role::kLinearAttentionOut, "linear_attn.out_proj", 4, 8, 6}};
constexpr std::array kMlp = {Part{Role::kMlpGate, "mlp.gate_proj", 12, 4, 3},
                             Part{Role::kMlpUp, "mlp.up_proj", 12, 4, 3},
                             Part{Role::kMlpDown, "mlp.down_proj", 4, 12, 4}};
constexpr std::array kExperts = {Part{Role::kExpertGateUp, "mlp.experts.gate_up_proj", 2, 4, 3},
                                 Part{Role::kExpertDown, "mlp.experts.down_proj", 4, 1, 4}};
constexpr std::array kSharedExpert = {
    Part{Role::kSharedExpertGateProj, "mlp.shared_expert.gate_proj", 1, 4, 3},
    Part{Role::kSharedExpertUp, "mlp.shared_expert.up_proj", 1, 4, 3},
    Part{Role::kSharedExpertDown, "mlp.shared_expert.down_proj", 4, 1, 4}};

class Maker {
 public:
  explicit Maker(const SyntheticModel& model) : model_(model), noise_(model.seed) {}

  std::vector<TensorReport> Run() {
    const uint64_t hidden = model_.hidden;
    reports_.push_back(
        MakeCarried("model.embed_tokens.weight", Role::kEmbedding, -1, {151936, hidden}));
    for (int layer = 0; layer < model_.layers; ++layer) AddLayer(layer);
    reports_.push_back(MakeCarried("model.norm.weight", Role::kNorm, -1, {hidden}));
    reports_.push_back(
        MakeQuantized("lm_head.weight", Role::kLmHead, -1, {151936, hidden}, 6, -.3));
    return std::move(reports_);
  }

 private:
  void AddLayer(int layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const uint64_t hidden = model_.hidden;
    reports_.push_back(
        MakeCarried(prefix + "input_layernorm.weight", Role::kNorm, layer, {hidden}));
    if (model_.has_hybrid_attention && layer % 4 != 3) {
      Add(kLinearAttention, prefix, layer);
      reports_.push_back(
          MakeCarried(prefix + "linear_attn.A_log", Role::kLinearAttentionGate, layer, {32}));
    } else {
      Add(kFullAttention, prefix, layer);
    }
    if (model_.experts == 0) {
      Add(kMlp, prefix, layer);
    } else {
      reports_.push_back(MakeCarried(prefix + "mlp.gate.weight", Role::kRouter, layer,
                                     {static_cast<uint64_t>(model_.experts), hidden}));
      for (int expert = 0; expert < model_.experts; ++expert) {
        Add(kExperts, prefix, layer, "_e" + std::to_string(expert));
      }
      Add(kSharedExpert, prefix, layer);
    }
  }

  template <size_t N>
  void Add(const std::array<Part, N>& parts, const std::string& prefix, int layer,
           const std::string& suffix = ".weight") {
    for (const Part& part : parts) {
      const int bits = model_.has_mixed_bits ? part.mixed_bits : model_.bits;
      // Early and last layers of real models are the hardest; outputs of attention vary most.
      const double depth = static_cast<double>(layer) / std::max(model_.layers - 1, 1);
      double offset = -0.45 * std::exp(-8 * depth) - 0.12 * std::exp(-14 * (1 - depth));
      if (part.role == Role::kAttentionO || part.role == Role::kMlpDown) offset *= 1.7;
      offset += 0.035 * noise_.Normal();
      reports_.push_back(MakeQuantized(prefix + part.name + suffix, part.role, layer,
                                       {part.out * model_.hidden / 4, part.in * model_.hidden / 4},
                                       bits, offset));
    }
  }

  SyntheticModel model_;
  Noise noise_;
  std::vector<TensorReport> reports_;
};

}  // namespace

std::vector<float> OptimalLevels(int bits) {
  static std::map<int, std::vector<float>> cache;
  if (const auto found = cache.find(bits); found != cache.end()) return found->second;
  const size_t count = size_t{1} << bits;
  std::vector<double> levels(count);
  for (size_t index = 0; index < count; ++index) {
    // Companding start: levels dense as the cube root of the density.
    double low = -9;
    double high = 9;
    const double share = (static_cast<double>(index) + 0.5) / static_cast<double>(count);
    for (int step = 0; step < 60; ++step) {
      const double middle = (low + high) / 2;
      (report::GaussianCdf(middle / std::sqrt(3.0)) < share ? low : high) = middle;
    }
    levels[index] = low;
  }
  for (int round = 0; round < 3000; ++round) {
    double below = -1e9;
    for (size_t index = 0; index < count; ++index) {
      const double above = index + 1 == count ? 1e9 : (levels[index] + levels[index + 1]) / 2;
      const double mass = report::GaussianCdf(above) - report::GaussianCdf(below);
      levels[index] = (report::GaussianDensity(below) - report::GaussianDensity(above)) / mass;
      below = above;
    }
  }
  return cache[bits] = std::vector<float>(levels.begin(), levels.end());
}

TensorReport MakeQuantized(const std::string& name, Role role, int layer, const Shape& shape,
                           int bits, double snr_offset_db) {
  TensorReport report;
  report.name = name;
  report.shape = shape;
  report.role = role;
  report.layer = layer;
  report.is_quantized = true;
  report.codec = "hlwq";
  report.bits = bits;
  const uint64_t weights = *ElementCount(shape);
  report.source_bytes = 2 * weights;
  report.stored_bytes = weights * static_cast<uint64_t>(bits) / 8 + weights / 64;
  report.bits_per_weight =
      8 * static_cast<double>(report.stored_bytes) / static_cast<double>(weights);
  ErrorStats& stats = report.errors.emplace();
  stats.count = weights;
  stats.signal = 4e-4 * static_cast<double>(weights);
  const double snr = kSnrDb[static_cast<size_t>(bits - 1)] + snr_offset_db;
  stats.noise = stats.signal * std::pow(10, -snr / 10);
  stats.decoded = stats.signal - stats.noise;
  stats.dot = stats.decoded;
  stats.max_abs_error = 0.02 * 6 * std::pow(10, -snr / 20);
  FillHistograms(stats, bits);
  return report;
}

TensorReport MakeCarried(const std::string& name, Role role, int layer, const Shape& shape) {
  TensorReport report;
  report.name = name;
  report.shape = shape;
  report.role = role;
  report.layer = layer;
  report.source_bytes = report.stored_bytes = 2 * *ElementCount(shape);
  report.bits_per_weight = 16;
  return report;
}

std::vector<TensorReport> MakeReports(const SyntheticModel& model) { return Maker(model).Run(); }

std::map<int, std::vector<float>> LevelsOf(const std::vector<TensorReport>& reports) {
  std::map<int, std::vector<float>> levels;
  for (const TensorReport& report : reports) {
    if (report.bits > 0 && !levels.contains(report.bits)) {
      levels[report.bits] = OptimalLevels(report.bits);
    }
  }
  return levels;
}

}  // namespace hlwq::test
