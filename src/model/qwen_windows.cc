#include "model/qwen_windows.h"

#include <string>

namespace hlwq::model {

std::vector<size_t> QwenWindows(const checkpoint::ConfigReader& text, size_t layers) {
  constexpr checkpoint::SizeRange kWindow{1, uint64_t{1} << 30};
  std::vector<size_t> windows(layers, 0);
  if (!text.Flag("use_sliding_window", false)) return windows;
  const auto window = text.OptionalSize("sliding_window", kWindow);
  if (!window) return windows;
  const auto types = text.OptionalStrings("layer_types");
  const uint64_t first =
      text.OptionalSize("max_window_layers", {0, uint64_t{1} << 30}).value_or(28);
  for (size_t layer = 0; layer < layers; ++layer) {
    const bool sees_window = types ? (*types)[layer] == "sliding_attention" : layer >= first;
    if (sees_window) windows[layer] = *window;
  }
  return windows;
}

}  // namespace hlwq::model
