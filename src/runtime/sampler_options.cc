#include "runtime/sampler_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

struct Range {
  double minimum = 0, maximum = 0;
};

void CheckRange(std::string_view name, double value, Range range) {
  if (value >= range.minimum && value <= range.maximum) return;  // NaN is in no range
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{}: want a number from {} to {}, got {}",
                                                       name, range.minimum, range.maximum, value));
}

}  // namespace

void CheckSamplerOptions(const SamplerOptions& options, size_t vocabulary) {
  CheckRange("temperature", options.temperature, {0, 100});
  CheckRange("top-p", options.top_p, {0, 1});
  CheckRange("min-p", options.min_p, {0, 1});
  CheckRange("typical-p", options.typical_p, {0, 1});
  CheckRange("repeat penalty", options.penalties.repeat, {0.01, 100});
  CheckRange("presence penalty", options.penalties.presence, {-100, 100});
  CheckRange("frequency penalty", options.penalties.frequency, {-100, 100});
  for (const LogitBias& bias : options.biases) {
    if (bias.token < 0 || static_cast<size_t>(bias.token) >= vocabulary) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("logit bias: want a token below {}, got {}", vocabulary, bias.token));
    }
    if (std::isnan(bias.bias) || bias.bias == INFINITY) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("logit bias of token {}: want a number or -inf, got {}", bias.token,
                              bias.bias));
    }
  }
}

}  // namespace hlwq::runtime
