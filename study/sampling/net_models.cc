#include "study/sampling/net_models.h"

#include <vector>

namespace hlwq::study {

void NetNextToken::Begin(size_t batch, size_t capacity, std::span<float> logits) {
  cache_ = net_.MakeCache(batch, capacity);
  const std::vector<TokenId> starts(batch, start_);
  net_.Append(*cache_, starts, logits);
}

void NetNextToken::Append(std::span<const int32_t> tokens, std::span<float> logits) {
  net_.Append(*cache_, tokens, logits);
}

void NetMaskedToken::Predict(std::span<const int32_t> tokens, std::span<const double> times,
                             std::span<float> logits) {
  const size_t batch = times.size();
  net_.Logits({tokens, batch, tokens.size() / batch},
              net_.options().has_time_embedding ? times : std::span<const double>(), logits);
}

}  // namespace hlwq::study
