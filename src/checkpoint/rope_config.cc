#include "checkpoint/rope_config.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "checkpoint/catalog/text_config.h"

namespace hlwq::checkpoint {
namespace {

constexpr double kLargest = 1e12;

double Positive(const JsonReader& reader, std::string_view key, double when_absent) {
  return reader.OptionalNumber(key, {1e-12, kLargest}).value_or(when_absent);
}

double Required(const JsonReader& reader, std::string_view key) {
  if (!reader.Has(key)) reader.Fail(key, "want a number, but it is missing");
  return Positive(reader, key, 1);
}

double YarnMagnitude(const JsonReader& scaling, double factor) {
  const auto magnitude = [factor](double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * std::log(factor) + 1;
  };
  if (scaling.Has("attention_factor")) return Required(scaling, "attention_factor");
  const double mscale = scaling.OptionalNumber("mscale", {0, kLargest}).value_or(0);
  const double all_dim = scaling.OptionalNumber("mscale_all_dim", {0, kLargest}).value_or(0);
  return mscale != 0 && all_dim != 0 ? magnitude(mscale) / magnitude(all_dim) : magnitude(1);
}

void ReadYarn(const JsonReader& scaling, const RopeDefaults& defaults, RopeConfig& rope) {
  rope.factor = scaling.Has("factor")
                    ? Required(scaling, "factor")
                    : static_cast<double>(defaults.max_positions) / rope.original_positions;
  rope.beta_fast = Positive(scaling, "beta_fast", 32);
  rope.beta_slow = Positive(scaling, "beta_slow", 1);
  rope.truncate = scaling.Flag("truncate", true);
  rope.magnitude = YarnMagnitude(scaling, rope.factor);
}

void ReadLlama3(const JsonReader& scaling, RopeConfig& rope) {
  rope.factor = Required(scaling, "factor");
  rope.low_freq_factor = Required(scaling, "low_freq_factor");
  rope.high_freq_factor = Required(scaling, "high_freq_factor");
  if (rope.high_freq_factor <= rope.low_freq_factor) {
    scaling.Fail("high_freq_factor", fmt::format("want more than low_freq_factor {}, got {}",
                                                 rope.low_freq_factor, rope.high_freq_factor));
  }
}

// All of rope_parameters, unless rope_scaling says something: that replaces it. An empty object
// where the config has neither.
JsonReader Parameters(const JsonReader& text) {
  static const nlohmann::json kNone = nlohmann::json::object();
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (text.Has(key) && !text.Object(key).empty()) return text.Child(key);
  }
  return JsonReader(kNone);
}

void RefuseParametersOfKinds(const JsonReader& parameters) {
  for (const Mixer mixer : {Mixer::kFullAttention, Mixer::kSlidingAttention, Mixer::kGatedDelta}) {
    if (!parameters.Has(MixerName(mixer))) continue;
    parameters.Refuse(MixerName(mixer), "want one rotary embedding for all kinds of layers");
  }
}

}  // namespace

RopeConfig ReadRopeConfig(const JsonReader& text, const RopeDefaults& defaults) {
  const JsonReader scaling = Parameters(text);
  RefuseParametersOfKinds(scaling);
  RopeConfig rope;
  rope.theta = Positive(scaling, "rope_theta", Positive(text, "rope_theta", 10000));
  const double share = scaling.OptionalNumber("partial_rotary_factor", {0, 1})
                           .value_or(text.OptionalNumber("partial_rotary_factor", {0, 1})
                                         .value_or(defaults.partial_rotary_factor));
  rope.rotated = static_cast<size_t>(static_cast<double>(defaults.head_dim) * share);
  if (rope.rotated % 2 != 0) {
    text.Fail("head_dim", fmt::format("want an even number of rotated elements, got {} of {}",
                                      rope.rotated, defaults.head_dim));
  }
  const std::string type = scaling.OptionalString("rope_type")
                               .value_or(scaling.OptionalString("type").value_or("default"));
  // Of the two, transformers takes the one of the whole config.
  rope.original_positions = Positive(text, "original_max_position_embeddings",
                                     Positive(scaling, "original_max_position_embeddings",
                                              static_cast<double>(defaults.max_positions)));
  if (type == "default" || type == "mrope") {
    // mrope: for text its three positions are equal, which is the plain rotation.
  } else if (type == "linear") {
    rope.scaling = RopeScaling::kLinear;
    rope.factor = Required(scaling, "factor");
  } else if (type == "dynamic") {
    rope.scaling = RopeScaling::kDynamic;
    rope.factor = Required(scaling, "factor");
    rope.original_positions = static_cast<double>(defaults.max_positions);
    if (rope.rotated <= 2)
      text.Fail("head_dim", "want more than 2 rotated elements for dynamic rope");
  } else if (type == "llama3") {
    rope.scaling = RopeScaling::kLlama3;
    ReadLlama3(scaling, rope);
  } else if (type == "yarn") {
    rope.scaling = RopeScaling::kYarn;
    ReadYarn(scaling, defaults, rope);
  } else {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("rope_type '{}': want default, linear, dynamic, llama3 or yarn",
                            type.substr(0, 40)));
  }
  return rope;
}

}  // namespace hlwq::checkpoint
