// A trained autoregressive net as an ordinary Llama checkpoint.
#pragma once

#include <filesystem>

#include "study/net/net.h"

namespace hlwq::study {

// Writes `folder`/config.json and model.safetensors (float32), under Hugging Face's names and without the row of the
// mask token, and the tokenizer's files from `tokenizer_folder`: for `hlwq`, transformers and whoever reads Llama.
// Throws Error{kInvalidArgument} for a net that is not causal.
void ExportLlama(const Net& net, TokenId start, const std::filesystem::path& tokenizer_folder,
                 const std::filesystem::path& folder);

}  // namespace hlwq::study
