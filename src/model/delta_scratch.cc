#include "model/delta_scratch.h"

#include "model/delta_layer.h"

namespace hlwq::model {

DeltaScratch::DeltaScratch(const ModelConfig& config, size_t max_tokens) {
  const DeltaConfig delta = DeltaConfigOf(config, 0);
  inputs = Rows(max_tokens, delta.columns());
  mixed = Rows(max_tokens, delta.channels());
  log_alpha = Rows(max_tokens, delta.value_heads);
  beta = Rows(max_tokens, delta.value_heads);
  outputs = LinearInput(max_tokens, delta.value_width());
  products.reserve(delta.most_inputs());
}

size_t DeltaScratch::Bytes(const ModelConfig& config, size_t tokens) noexcept {
  const DeltaConfig delta = DeltaConfigOf(config, 0);
  return tokens * ((delta.columns() + delta.channels() + 2 * delta.value_heads) * 4 +
                   LinearInput::Bytes(delta.value_width()));
}

}  // namespace hlwq::model
