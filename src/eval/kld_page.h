// The page about the divergence of two models.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/kld.h"
#include "text/tokenizer.h"

namespace hlwq::eval {

// A token that the two models predict very differently, in words.
struct WorstToken {
  uint32_t index = 0;              // in the text
  std::string before, token;       // what stands before it, and it
  std::string reference_top, top;  // what either found likeliest
  TokenError error;
};

// The `count` tokens of the largest divergence, largest first, ties in the order of the text.
std::vector<WorstToken> FindWorstTokens(const KldResult& result,
                                        std::span<const text::TokenId> tokens,
                                        const text::Tokenizer& tokenizer, size_t count);

struct KldPageInput {
  std::string model, reference, text_name;  // names, without folders
  std::string tool_version;
  const KldResult& result;
  std::vector<WorstToken> worst;
};

// HTML as RenderReportHtml: one whole, well-formed file in the style of the reports. Equal input
// gives equal bytes. Memory and size do not grow with the tokens.
std::string RenderKldPage(const KldPageInput& input);

}  // namespace hlwq::eval
