// A net as what samplers ask.
#pragma once

#include <memory>

#include "study/net/net.h"
#include "study/sampling/predictor.h"

namespace hlwq::study {

// A causal net, with keys and values kept. It reads `start` before each sequence, as in training. Borrows.
class NetNextToken final : public NextTokenModel {
 public:
  NetNextToken(const Net& net, TokenId start) : net_(net), start_(start) {}

  size_t vocabulary() const override { return net_.vocabulary(); }
  size_t window() const override { return net_.options().model.window; }
  void Begin(size_t batch, size_t capacity, std::span<float> logits) override;
  void Append(std::span<const int32_t> tokens, std::span<float> logits) override;

 private:
  const Net& net_;
  TokenId start_;
  std::unique_ptr<Net::Cache> cache_;
};

// One that is not. Borrows.
class NetMaskedToken final : public MaskedTokenModel {
 public:
  explicit NetMaskedToken(const Net& net) : net_(net) {}

  size_t vocabulary() const override { return net_.vocabulary(); }
  size_t window() const override { return net_.options().model.window; }
  int32_t mask_token() const override { return net_.mask_token(); }
  void Predict(std::span<const int32_t> tokens, std::span<const double> times,
               std::span<float> logits) override;

 private:
  const Net& net_;
};

}  // namespace hlwq::study
