#include "checkpoint/gguf/rope.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <string>

#include "base/error.h"
#include "checkpoint/gguf/names.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-4;  // relative, of factors computed in float32

// Turns per token of the rotary pair `index` of `pairs`.
double InverseWavelength(size_t index, size_t pairs, double theta) {
  return std::pow(theta, -static_cast<double>(index) / static_cast<double>(pairs)) /
         (2 * std::numbers::pi);
}

// The divisor of one frequency: 1 for short wavelengths, `factor` for long ones, blended between.
double Llama3Factor(const Llama3Scaling& scaling, double inverse_wavelength) {
  const double blend = std::clamp(
      (scaling.original_context * inverse_wavelength - scaling.low) / (scaling.high - scaling.low),
      0.0, 1.0);
  return 1 / ((1 - blend) / scaling.factor + blend);
}

bool Reproduces(const Llama3Scaling& scaling, std::span<const float> factors, double theta) {
  if (!(scaling.high > scaling.low) || !(scaling.original_context >= 1)) return false;
  for (size_t index = 0; index < factors.size(); ++index) {
    const double want = Llama3Factor(scaling, InverseWavelength(index, factors.size(), theta));
    if (!(std::abs(want - factors[index]) <= kTolerance * want)) return false;
  }
  return true;
}

// Between its ends the blend is a line in the inverse wavelength x: blend = (n x - low) / (high -
// low). Two points on it give slope and intercept, from which n and high follow with low = 1.
std::optional<Llama3Scaling> FitBlend(std::span<const float> factors, double theta, double factor) {
  struct Point {
    double x, blend;
  };
  std::vector<Point> points;
  for (size_t index = 0; index < factors.size(); ++index) {
    const double blend = (1 / static_cast<double>(factors[index]) - 1 / factor) / (1 - 1 / factor);
    if (blend > 0.01 && blend < 0.99) {
      points.push_back({InverseWavelength(index, factors.size(), theta), blend});
    }
  }
  if (points.size() < 2) return std::nullopt;
  const Point& a = points.front();
  const Point& b = points.back();
  const double slope = (a.blend - b.blend) / (a.x - b.x);
  const double intercept = a.blend - slope * a.x;
  if (!(intercept < 0) || !std::isfinite(slope)) return std::nullopt;
  const double span = -1 / intercept;
  return Llama3Scaling{factor, 1, std::round((1 + span) * 1000) / 1000, std::round(slope * span)};
}

json ToJson(const Llama3Scaling& scaling) {
  return {{"rope_type", "llama3"},
          {"factor", scaling.factor},
          {"low_freq_factor", scaling.low},
          {"high_freq_factor", scaling.high},
          {"original_max_position_embeddings", static_cast<uint64_t>(scaling.original_context)}};
}

json ReadFrequencyFactors(const io::GgufTensor& tensor, const GgufModel& model,
                          uint64_t original_context, const GgufTensorBytes& tensor_bytes) {
  if (tensor.shape != Shape{model.head_dim / 2} || tensor.type != 0) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'{}': want F32 [{}], got {} {}", kRopeFactorsName, model.head_dim / 2,
                            io::FindGgufType(tensor.type)->name, ShapeToString(tensor.shape)));
  }
  const std::vector<std::byte> bytes = tensor_bytes(tensor);
  std::vector<float> factors(model.head_dim / 2);
  std::memcpy(factors.data(), bytes.data(), factors.size() * sizeof(float));
  return WithContext(fmt::format("'{}'", kRopeFactorsName), [&] {
    return DeriveLlama3Scaling(factors, model.rope_theta, original_context);
  });
}

// llama.cpp can bend yarn in ways that transformers spells otherwise; only the plain form is mapped.
void CheckPlainYarn(const io::GgufMetadata& metadata, const GgufModel& model) {
  struct Row {
    std::string_view suffix;
    double plain;
  };
  for (const Row& row :
       {Row{"rope.scaling.attn_factor", 1}, Row{"rope.scaling.yarn_attn_factor", 1},
        Row{"rope.scaling.yarn_ext_factor", 1}, Row{"rope.scaling.yarn_log_multiplier", 0.1}}) {
    const std::string key = GgufKey(model, row.suffix);
    const std::optional<double> number = metadata.Number(key);
    if (number && ShortestDecimal(*number) != row.plain) {
      throw Error(ErrorCode::kUnsupported, fmt::format("metadata '{}': yarn with {} instead of {}",
                                                       key, *number, row.plain));
    }
  }
}

}  // namespace

std::vector<float> Llama3Factors(const Llama3Scaling& scaling, size_t pairs, double theta) {
  std::vector<float> factors(pairs);
  for (size_t index = 0; index < pairs; ++index) {
    factors[index] =
        static_cast<float>(Llama3Factor(scaling, InverseWavelength(index, pairs, theta)));
  }
  return factors;
}

json DeriveLlama3Scaling(std::span<const float> factors, double theta, uint64_t original_context) {
  const auto is_one = [](float factor) { return std::abs(factor - 1) < 1e-6f; };
  if (std::all_of(factors.begin(), factors.end(), is_one)) return nullptr;
  const double factor = ShortestDecimal(*std::max_element(factors.begin(), factors.end()));
  if (std::isfinite(factor) && factor > 1) {
    const auto context = static_cast<double>(original_context);
    for (const std::optional<Llama3Scaling>& candidate :
         {FitBlend(factors, theta, factor), std::optional(Llama3Scaling{factor, 1, 4, 8192}),
          std::optional(Llama3Scaling{factor, 1, 4, context})}) {
      if (candidate && Reproduces(*candidate, factors, theta)) return ToJson(*candidate);
    }
  }
  throw Error(ErrorCode::kUnsupported, "frequency factors that are not a llama3 scaling");
}

json ReadRopeScaling(const io::GgufHeader& header, const GgufModel& model,
                     const GgufTensorBytes& tensor_bytes) {
  const io::GgufMetadata& metadata = header.metadata;
  const auto number = [&](std::string_view suffix) {
    std::optional<double> value = metadata.Number(GgufKey(model, suffix));
    if (value) value = ShortestDecimal(*value);
    return value;
  };
  const uint64_t original_context =
      metadata.Uint(GgufKey(model, "rope.scaling.original_context_length")).value_or(0);
  const std::optional<double> factor =
      number(metadata.Has(GgufKey(model, "rope.scaling.factor")) ? "rope.scaling.factor"
                                                                 : "rope.scale_linear");
  const std::string* named = metadata.String(GgufKey(model, "rope.scaling.type"));
  const std::string type = named != nullptr ? *named : factor.value_or(1) != 1 ? "linear" : "none";

  if (const io::GgufTensor* factors = header.Find(kRopeFactorsName)) {
    if (type != "none") {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("'{}' beside rotary scaling '{}'", kRopeFactorsName, type));
    }
    return ReadFrequencyFactors(*factors, model, original_context, tensor_bytes);
  }
  if (type == "none") return nullptr;
  if (type != "linear" && type != "yarn") {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("rotary scaling '{}' (known: none, linear, yarn)", type));
  }
  if (!factor || !(*factor > 0) || !std::isfinite(*factor)) {
    throw Error(ErrorCode::kInvalidData, fmt::format("metadata '{}': want a positive number",
                                                     GgufKey(model, "rope.scaling.factor")));
  }
  json scaling = {{"rope_type", type}, {"factor", *factor}};
  if (type == "yarn") {
    CheckPlainYarn(metadata, model);
    if (original_context == 0) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}' is missing",
                              GgufKey(model, "rope.scaling.original_context_length")));
    }
    scaling["original_max_position_embeddings"] = original_context;
    if (const auto fast = number("rope.scaling.yarn_beta_fast")) scaling["beta_fast"] = *fast;
    if (const auto slow = number("rope.scaling.yarn_beta_slow")) scaling["beta_slow"] = *slow;
  }
  return scaling;
}

}  // namespace hlwq::checkpoint
