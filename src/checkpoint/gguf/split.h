// GGUF models that are split into several files, as llama.cpp does it: "NAME-00001-of-00003.gguf", of which
// the first has the metadata and each a part of the tensors.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/folder.h"
#include "io/gguf.h"

namespace hlwq::checkpoint {

// A file's place in its set.
struct GgufSplit {
  std::filesystem::path set;  // the path without "-00001-of-00003.gguf"
  uint64_t number = 0;        // from 1
  uint64_t count = 0;

  std::filesystem::path Part(uint64_t part) const;
};
// By the name alone; empty for others.
std::optional<GgufSplit> ParseGgufSplit(const std::filesystem::path& path);

struct GgufFiles {
  io::GgufHeader header;  // tensors of all files
  std::vector<File> files;
  std::vector<uint64_t> header_hashes;
};

// Takes the file, or all files of the set that it belongs to; the others are in `folder`, or where that is
// null beside it. Throws as io::GgufFile, Error{kNotFound} for a
// part that is missing, Error{kInvalidData} where the parts do not belong together.
GgufFiles OpenGgufFiles(File file, const Folder* folder);

}  // namespace hlwq::checkpoint
