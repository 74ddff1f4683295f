// What travels with the weights of a folder.
#pragma once

#include <cstdint>
#include <memory>

#include "base/folder.h"
#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

inline constexpr uint64_t kMaxSideFileBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxSideFilesBytes = uint64_t{256} << 20;

// Lists the files of `folder` that belong to the model as much as its weights (configuration, tokenizer,
// templates, processors, code, licences), and those of folders in it that Folder::NamesBelow lists. Not
// weights of any format, nor what hlwq writes itself, nor folders of other formats and hidden files. What is larger than
// kMaxSideFileBytes, or beyond kMaxSideFilesBytes together, is left behind with a note, except the JSON,
// template and vocabulary files of the folder itself; so are weights of other formats.
void CollectSideFiles(const std::shared_ptr<const Folder>& folder, Checkpoint& checkpoint);

}  // namespace hlwq::checkpoint
