// The tokenizer files of a GGUF model (docs/gguf.md, "Tokenizers").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf/config.h"
#include "checkpoint/gguf/model.h"
#include "io/gguf_value.h"

namespace hlwq::checkpoint {

// tokenizer.json, tokenizer_config.json, special_tokens_map.json and, where the model has one,
// chat_template.jinja. The vocabulary is read when one of them is asked for: SideFile::make then
// throws Error{kInvalidData} for one that contradicts itself. No file, and a note, for a model
// without a tokenizer. Throws Error{kUnsupported} for a tokenizer model other than "gpt2"
// (byte-level BPE) and "llama" (SentencePiece BPE) and for an unknown pre-tokenizer, naming it.
std::vector<SideFile> MakeTokenizerFiles(std::shared_ptr<const io::GgufMetadata> metadata,
                                         const GgufModel& model, const GgufSpecialIds& ids,
                                         std::vector<std::string>& notes);

}  // namespace hlwq::checkpoint
