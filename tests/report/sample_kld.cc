#include "tests/report/sample_kld.h"

#include <cmath>

#include "base/random.h"

namespace hlwq::test {

report::KldResult SampleKld(size_t tokens) {
  report::KldResult result;
  result.run = {.window = 2048,
                .stride = 512,
                .tokens = tokens + 1,
                .windows = tokens / 512 + 1,
                .scored = tokens,
                .fed = 4 * tokens,
                .seconds = 12};
  for (size_t index = 0; index < tokens; ++index) {
    report::TokenError error;
    error.entropy = 3 + 0.8 * NearNormal(1, index);
    error.kl = 0.02 * error.entropy * std::exp(1.2 * double{NearNormal(2, index)});
    error.reference_nll = 2.8 + 0.7 * NearNormal(3, index);
    error.nll = error.reference_nll + 0.2 * NearNormal(4, index) + 0.03;
    error.reference_top = static_cast<int32_t>(index % 7);
    error.top = static_cast<int32_t>(index % 9 == 0 ? 8 : index % 7);
    error.shared_top = static_cast<uint8_t>(3 + index % 3);
    result.tokens.push_back(error);
    result.token_indices.push_back(static_cast<uint32_t>(index + 1));
  }
  report::SummarizeKld(result);
  return result;
}

std::string SampleKldPage() {
  const report::KldResult result = SampleKld(4000);
  report::WorstToken worst = {.index = 17,
                              .before = "a < b && \"c\"\n\x01",
                              .token = " <b>",
                              .reference_top = "\xF0\x9F\x98\x80",
                              .top = "\xFF",
                              .error = result.tokens[16]};
  return report::RenderKldPage({.model = "model <5 bits>",
                                .reference = "model & \"original\"",
                                .text_name = "wiki.test.raw",
                                .tool_version = "0.0.0",
                                .result = result,
                                .worst = {worst}});
}

}  // namespace hlwq::test
