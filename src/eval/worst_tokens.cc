#include "eval/worst_tokens.h"

#include <algorithm>
#include <numeric>

namespace hlwq::eval {
namespace {

constexpr size_t kContextTokens = 14;

}  // namespace

std::vector<report::WorstToken> FindWorstTokens(const report::KldResult& result,
                                                std::span<const text::TokenId> tokens,
                                                const text::Tokenizer& tokenizer, size_t count) {
  std::vector<size_t> order(result.tokens.size());
  std::iota(order.begin(), order.end(), size_t{0});
  count = std::min(count, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<ptrdiff_t>(count),
                            [&](size_t a, size_t b) {
                              const double x = result.tokens[a].kl, y = result.tokens[b].kl;
                              return x > y || (x == y && a < b);
                            });
  std::vector<report::WorstToken> worst;
  for (const size_t at : std::span(order).first(count)) {
    const uint32_t index = result.token_indices[at];
    const size_t context = std::min<size_t>(index, kContextTokens);
    const auto decode = [&](text::TokenId id) { return tokenizer.Decode({&id, 1}); };
    const report::TokenError& error = result.tokens[at];
    worst.push_back({index, tokenizer.Decode(tokens.subspan(index - context, context)),
                     decode(tokens[index]), decode(error.reference_top), decode(error.top), error});
  }
  return worst;
}

}  // namespace hlwq::eval
