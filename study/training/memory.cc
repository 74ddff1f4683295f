#include "study/training/memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/number_text.h"

namespace hlwq::study {

StepMemory EstimateStep(const NetOptions& options, size_t parameters, bool has_averages) noexcept {
  const ModelConfig& model = options.model;
  // Floats that each layer keeps of a token: norms and their inputs, q, k, v before and after their rotation, and
  // what attention gives; gate, up, silu and their product; two matrices of scores for each head.
  const uint64_t layer = 18 * model.width + 5 * model.hidden + 2 * model.heads * model.window;
  const uint64_t token = layer * model.layers + 6 * model.width + 3 * options.vocabulary;
  return {.fixed_bytes = parameters * sizeof(float) * (has_averages ? 5 : 4),
          .window_bytes = token * model.window * sizeof(float) * 3 / 2};
}

void CheckFits(const StepMemory& memory, size_t batch, size_t accumulation,
               uint64_t available_bytes) {
  const uint64_t rows = batch / accumulation;
  const uint64_t wanted = memory.fixed_bytes + rows * memory.window_bytes;
  if (wanted <= available_bytes) return;
  const uint64_t room =
      available_bytes > memory.fixed_bytes ? available_bytes - memory.fixed_bytes : 0;
  uint64_t fits = std::min<uint64_t>(room / memory.window_bytes, batch);
  while (fits > 0 && batch % fits != 0) --fits;
  const std::string remedy =
      fits == 0 ? std::string("not even one window fits: want a smaller model or window")
                : fmt::format("{} at a time would fit: want training.accumulation {}", fits,
                              batch / fits);
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("out of memory: a step of {} windows at a time takes about {}, there are "
                          "{}; {}",
                          rows, FormatBytes(wanted), FormatBytes(available_bytes), remedy));
}

}  // namespace hlwq::study
