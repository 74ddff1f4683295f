// config.json and generation_config.json of a GGUF model (docs/gguf.md, "config.json").
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf/model.h"
#include "io/gguf_value.h"

namespace hlwq::checkpoint {

// Ids that the metadata gives a meaning. Each is below the vocabulary size.
struct GgufSpecialIds {
  std::optional<uint64_t> bos, eos, unk, pad;
  std::vector<uint64_t> stops;  // ids that end a generation: eos, end of turn, end of message
};

// Ids outside the vocabulary are dropped with a note.
GgufSpecialIds ReadSpecialIds(const io::GgufMetadata& metadata, uint64_t vocab,
                              std::vector<std::string>& notes);

// Readable by transformers 5 (`rope_parameters`, `dtype`) and 4 (`rope_theta`, `rope_scaling`,
// `torch_dtype`). `rope_scaling` as ReadRopeScaling gives it. The dtype is that of most weights.
nlohmann::json MakeConfig(const GgufModel& model, const nlohmann::json& rope_scaling,
                          const GgufSpecialIds& ids, std::span<const TensorEntry> tensors);

nlohmann::json MakeGenerationConfig(const io::GgufMetadata& metadata, const GgufSpecialIds& ids);

}  // namespace hlwq::checkpoint
