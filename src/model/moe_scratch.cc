#include "model/moe_scratch.h"

#include <algorithm>

namespace hlwq::model {
namespace {

// Decoding takes all experts of its token in one wave; a prompt's expert never has more rows than
// the pass has tokens.
constexpr size_t kLeastWaveRows = 64;

size_t WaveRows(const ModelConfig& config, size_t tokens) noexcept {
  return std::min(std::max(tokens, kLeastWaveRows), tokens * config.sizes.top_k);
}

}  // namespace

MoeScratch::MoeScratch(const ModelConfig& config, size_t max_tokens)
    : logits(max_tokens, config.sizes.experts + 1),
      routes(max_tokens * config.sizes.top_k),
      groups(config.sizes.experts, max_tokens * config.sizes.top_k),
      inputs(WaveRows(config, max_tokens), config.sizes.hidden),
      input_tokens(WaveRows(config, max_tokens)),
      inner(WaveRows(config, max_tokens), config.sizes.expert_intermediate),
      outputs(max_tokens * config.sizes.top_k, config.sizes.hidden),
      guess(1, config.sizes.hidden),
      guessed(config.sizes.top_k) {
  request.experts.reserve(config.sizes.experts);
  request.ready.reserve(config.sizes.experts);
  request.slots.reserve(config.sizes.experts);
  request.states.reserve(config.sizes.experts);
  products.reserve(2 * config.sizes.experts);
  guessed_experts.reserve(config.sizes.top_k);
}

size_t MoeScratch::Bytes(const ModelConfig& config, size_t tokens) noexcept {
  const auto& sizes = config.sizes;
  if (sizes.experts == 0) return 0;
  const size_t wave = WaveRows(config, tokens);
  return tokens * (sizes.experts + 1 + sizes.top_k * sizes.hidden) * 4 +
         wave * (LinearInput::Bytes(sizes.hidden) + LinearInput::Bytes(sizes.expert_intermediate) +
                 sizes.expert_intermediate * 4);
}

}  // namespace hlwq::model
