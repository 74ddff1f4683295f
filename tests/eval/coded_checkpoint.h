// Checkpoints coded on the spot, without the convert box.
#pragma once

#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "codec/codec.h"

namespace hlwq::test {

// `source` with every tensor of two and more axes coded by the reference codec of `spec`, slice by
// slice where it has three; the others as they are. The data goes to one headerless file at `path`.
checkpoint::Checkpoint CodeCheckpoint(const checkpoint::Checkpoint& source,
                                      const codec::CodecSpec& spec,
                                      const std::filesystem::path& path);

// A spec that MakeReferenceCodec takes.
codec::CodecSpec LloydMaxSpec(int bits);

}  // namespace hlwq::test
