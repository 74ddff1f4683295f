#include "study/sampling/prompts.h"

#include <fmt/format.h>

#include "base/error.h"

namespace hlwq::study {

void CheckPrompts(std::span<const std::vector<int32_t>> prompts, const PromptLimits& limits) {
  const auto refuse = [](const std::string& complaint) {
    throw Error(ErrorCode::kInvalidArgument, complaint);
  };
  if (limits.length > limits.window) {
    refuse(fmt::format("samples of {} tokens: the model's window is {}", limits.length,
                       limits.window));
  }
  for (const auto& prompt : prompts) {
    if (prompt.size() > limits.length) {
      refuse(fmt::format("a prompt of {} tokens: want at most {}, the length of a sample",
                         prompt.size(), limits.length));
    }
    for (const int32_t token : prompt) {
      if (token >= 0 && static_cast<size_t>(token) < limits.vocabulary) continue;
      refuse(fmt::format("a prompt has the token {}: want one below {}", token, limits.vocabulary));
    }
  }
}

}  // namespace hlwq::study
