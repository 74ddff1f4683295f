// The README.md of an exported checkpoint: what it is, what was lost, who can run it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/manifest.h"
#include "convert/compressed_tensors/export.h"

namespace hlwq::convert {

// Said at export and in the card: nothing else tells.
inline constexpr std::string_view kOnlineWarning =
    "weights are stored rotated and the engine has to rotate their inputs (transform_config): "
    "vLLM on a GPU does; transformers loads this and computes nonsense without a word; "
    "--rotation folded works everywhere";

struct ModelCard {
  int bits = 4;
  std::string scale_rule;
  ExportRotation rotation = ExportRotation::kNone;
  std::string base_model;     // empty when unknown
  std::string source_format;  // checkpoint::FormatName
  std::vector<std::string> notes;
};

// Markdown with the front matter of model hubs.
std::string RenderModelCard(const ModelCard& card, const checkpoint::Manifest& manifest);

}  // namespace hlwq::convert
