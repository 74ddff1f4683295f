// Random routers that prefer some experts, for models whose weights are random (open_synthetic.h).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// How often each of `experts` experts is among the `per_token` that a token takes, most wanted
// first, where they are drawn one after the other, without replacement, with probabilities
// proportional to rank^-exponent: 1 - exp(-c rank^-exponent), c such that the sum is `per_token`
// (exact for exponential waiting times that all end at one moment; the moment varies little).
// @pre 0 < per_token < experts, exponent > 0.
std::vector<double> ZipfShares(uint64_t experts, uint64_t per_token, double exponent);

// Routers have no bias, so the preference comes in through the residual stream:
// embeddings get a mean, large beside what decoder layers add to the stream, which is therefore
// still there, as a constant of known size, in every normed vector that a router reads; the mean of
// each row of the router turns that constant into the score wanted. Tokens still choose for
// themselves: random scores are normal, and an expert's score is shifted by the normal quantile of
// its share. Each layer ranks the experts in a random order of its own.
class SkewedRouters {
 public:
  // Throws Error{kInvalidArgument} for a model without experts or one in which every token takes all
  // of them, Error{kInvalidData} as ReadTextConfig.
  SkewedRouters(const nlohmann::json& config, double exponent, uint64_t seed);

  // The weights of an embedding in place of `plain` ones.
  SyntheticStorage Embedding(SyntheticStorage plain) const;
  // A router [E, H]; `plain` are the weights that it would have.
  Storage Router(const TensorSpec& spec, SyntheticStorage plain) const;

 private:
  uint64_t seed_;
  std::vector<double> quantiles_;  // [E], most wanted first: how a standard normal score must shift
};

}  // namespace hlwq::checkpoint
