// The tokens that two models predict most differently, in words.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "report/kld.h"
#include "text/tokenizer.h"

namespace hlwq::eval {

// The `count` tokens of the largest divergence, largest first, ties in the order of the text.
std::vector<report::WorstToken> FindWorstTokens(const report::KldResult& result,
                                                std::span<const text::TokenId> tokens,
                                                const text::Tokenizer& tokenizer, size_t count);

}  // namespace hlwq::eval
