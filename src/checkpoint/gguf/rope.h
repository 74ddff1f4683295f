// Rotary scaling of a GGUF model in the terms of config.json (docs/gguf.md, "Rotary scaling").
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "checkpoint/gguf/model.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

struct Llama3Scaling {
  double factor = 1;
  double low = 1;
  double high = 4;
  double original_context = 8192;  // tokens
};

// The divisor of each of `pairs` rotary frequencies: what rope_freqs.weight holds.
std::vector<float> Llama3Factors(const Llama3Scaling& scaling, size_t pairs, double theta);

// null without scaling, else the object of `rope_scaling`: {"rope_type": "linear" | "yarn" |
// "llama3", ...}. Throws Error{kUnsupported} for any other scaling, and for frequency factors that
// no llama3 parameters give.
nlohmann::json ReadRopeScaling(const io::GgufHeader& header, const GgufModel& model,
                               const GgufTensorBytes& tensor_bytes);

// The llama3 parameters whose divisors of the rotary frequencies are `factors` [head_dim / 2]; null
// when all are 1. Only products of the parameters show in the factors: low_freq_factor is taken to
// be 1, as published. `original_context` is a hint, 0 when unknown.
// @post Llama3Factors of the result equals `factors` to 1e-4.
nlohmann::json DeriveLlama3Scaling(std::span<const float> factors, double theta,
                                   uint64_t original_context);

}  // namespace hlwq::checkpoint
