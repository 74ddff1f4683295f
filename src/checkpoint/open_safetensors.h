// Opening folders of safetensors shards and single safetensors files. What the tensors mean
// (plain weights, codes) is decided by polar/open.h and compressed_tensors/open.h.
#pragma once

#include <memory>

#include "base/folder.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// A Hugging Face folder: the shards of model.safetensors.index.json where there is one, else every
// .safetensors file in the folder. Throws as OpenCheckpoint.
Checkpoint OpenSafetensorsFolder(const std::shared_ptr<const Folder>& folder);

// One file on its own: no config.json, no side files.
Checkpoint OpenSafetensorsFile(File file);

}  // namespace hlwq::checkpoint
