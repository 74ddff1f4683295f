// Sequences in files: what a prompt was read into need not be read again by the next program.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/file.h"
#include "runtime/sequence.h"

namespace hlwq::runtime {

// Writes what the sequence holds, its noted moments included, in place of what has the path. Nothing but a "<path>.partial"
// is left of a write that fails, and that is removed. Throws Error{kIo}, Error{kAlreadyExists} where another
// process is writing it, Error{kInvalidArgument} for a sequence that holds nothing. Cost: the bytes are read, hashed
// and written once; memory for names.
void SaveSequence(Engine& engine, const Sequence& sequence, const std::filesystem::path& path);

enum class LoadRule : uint8_t {
  // As much as leaves every bit of what follows as it is where the prompt is read from its start: all that the file
  // and the prompt have in common, less some tokens at the end (ExactCut); what was
  // generated does not count as a part of a prompt.
  kExact,
  // All that they have in common: bits are those of a sequence that went on.
  kAll,
};

struct LoadedSequence {
  size_t file_tokens = 0;    // in the file
  size_t common_tokens = 0;  // of these, the first ones that the prompt begins with
  size_t kept_tokens = 0;    // that the sequence holds now
  std::string target;  // instructions that the file was made with, where these are not the ones now
};

// The sequence, whose content is forgotten, now holds a beginning of `prompt` which the file has; without a prompt as much
// as it has room for. All checksums are verified, also of what is not taken. Throws Error{kNotFound} where there is no
// file, Error{kInvalidData} for one that is damaged or none of ours, Error{kUnsupported} for another version of
// the format, Error{kInvalidArgument} for another model or other settings, and as KvPagePool::Take: it holds nothing then.
// Cost: the file is read once, into the pages.
LoadedSequence LoadSequence(Engine& engine, Sequence& sequence, File file,
                            std::span<const TokenId> prompt, LoadRule rule);

}  // namespace hlwq::runtime
