// Opening folders of safetensors shards and single safetensors files. What the tensors mean
// (plain weights, codes) is decided by polar/open.h and compressed_tensors/open.h.
#pragma once

#include <filesystem>

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// A Hugging Face folder: the shards of model.safetensors.index.json where there is one, else every
// .safetensors file in the folder. Throws as OpenCheckpoint.
Checkpoint OpenSafetensorsFolder(const std::filesystem::path& folder);

// One file on its own: no config.json, no side files.
Checkpoint OpenSafetensorsFile(const std::filesystem::path& path);

}  // namespace hlwq::checkpoint
