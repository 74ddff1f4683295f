// From the tokenizer files of transformers to GGUF metadata: the inverse of gguf/tokenizer.h
// (docs/gguf.md, "Writing").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "io/gguf_value.h"

namespace hlwq::checkpoint {

// Adds tokenizer.ggml.* and tokenizer.chat_template from tokenizer.json, tokenizer_config.json,
// chat_template.jinja and generation_config.json among the checkpoint's side files, and
// general.sampling.* from the last. `vocab`: rows of the embedding, which the vocabulary is filled up
// to. Nothing but a note without a tokenizer.json. Throws Error{kUnsupported} for a tokenizer that
// llama.cpp has no name for, saying which step it is; Error{kInvalidData} for a broken file.
// @post MakeTokenizerFiles of the metadata makes a tokenizer with the same vocabulary, merges, added
// tokens and steps.
void AddTokenizerMetadata(const Checkpoint& checkpoint, uint64_t vocab, io::GgufMetadata& metadata,
                          std::vector<std::string>& notes);

}  // namespace hlwq::checkpoint
