// What a gated delta net works in.
#pragma once

#include <cstddef>
#include <vector>

#include "model/config.h"
#include "model/linear.h"
#include "model/rows.h"

namespace hlwq::model {

struct DeltaScratch {
  DeltaScratch() = default;
  DeltaScratch(const ModelConfig& config, size_t max_tokens);
  static size_t Bytes(const ModelConfig& config, size_t tokens) noexcept;

  Rows inputs;           // [tokens, DeltaConfig::columns()]
  Rows mixed;            // [tokens, channels]; q, k, v after the convolution
  Rows log_alpha, beta;  // [tokens, value_heads]
  LinearInput outputs;   // [tokens, value_heads * value_dim]
  std::vector<Product> products;
};

}  // namespace hlwq::model
