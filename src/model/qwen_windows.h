// Which layers of the Qwen families see a window only.
#pragma once

#include <cstddef>
#include <vector>

#include "checkpoint/catalog/config_reader.h"

namespace hlwq::model {

// Published files hold a sliding_window that means nothing unless use_sliding_window is true; then
// the layers marked in layer_types see it, or, where there is no list, those from max_window_layers.
std::vector<size_t> QwenWindows(const checkpoint::ConfigReader& text, size_t layers);

}  // namespace hlwq::model
