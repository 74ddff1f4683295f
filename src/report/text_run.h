// What taking a model through a text was.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace hlwq::report {

struct TextRun {
  size_t window = 0;  // tokens that the model saw at once
  size_t stride = 0;  // from the start of one window to that of the next
  size_t tokens = 0;  // of the text
  size_t windows = 0;
  size_t scored = 0;   // tokens
  size_t fed = 0;      // tokens that the model was given, context included
  double seconds = 0;  // of the windows alone

  double TokensPerSecond() const noexcept {
    return seconds > 0 ? static_cast<double>(fed) / seconds : 0;
  }
};

nlohmann::json TextRunToJson(const TextRun& run);
// "2,047 of 2,048 tokens scored in 1 window of 2,048, stride 512".
std::string DescribeScoring(const TextRun& run);
// The same with "; 1.42 s, 1441 tokens/s" after it.
std::string DescribeRun(const TextRun& run);

}  // namespace hlwq::report
