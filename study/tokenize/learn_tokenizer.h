// A tokenizer of its own for a corpus of text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "study/corpus/corpus.h"

namespace hlwq::study {

struct LearnOptions {
  std::filesystem::path text;  // a file, or a folder of files
  std::string separator;       // of documents (corpus/documents.h)
  SplitShares shares;
  size_t vocabulary = 0;
  int threads = 0;
};

// Learns a vocabulary (TrainBpe) from the documents of the training split alone, and writes tokenizer.json and
// tokenizer_config.json to `folder`, which is made. "<|endoftext|>", id 0, begins and ends texts. Throws as TrainBpe
// and TextFiles, and Error{kInvalidArgument} where the texts give fewer tokens.
void LearnTokenizer(const LearnOptions& options, const std::filesystem::path& folder);

}  // namespace hlwq::study
