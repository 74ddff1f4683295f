// Making a corpus (corpus.h) of text, or of what a language model says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "study/corpus/corpus.h"

namespace hlwq::study {

// Told how many tokens there are of how many.
using TokenProgress = std::function<void(size_t done, size_t total)>;

struct TextCorpusOptions {
  std::filesystem::path text;       // a file, or a folder of files
  std::filesystem::path tokenizer;  // a tokenizer.json, or a folder with one
  std::string separator;            // of documents (documents.h)
  std::string start;                // the token before each document; empty: found (PrepareText)
  size_t max_tokens = 0;            // of all splits; 0: all of the text
  SplitShares shares;
  TokenProgress on_progress;
};

// Tokens of a text: each document after the start token. That is the one that was asked for, or the first that the
// tokenizer has of "<s>", "<|endoftext|>", "<|begin_of_text|>", "<bos>", "</s>". Throws Error{kInvalidArgument}
// without one, and where a split has nothing.
void PrepareText(const TextCorpusOptions& options, const std::filesystem::path& folder);

struct SampledCorpusOptions {
  std::filesystem::path model;  // a checkpoint with its tokenizer
  size_t tokens = 0;            // of all splits
  size_t document_tokens = 128;
  uint64_t seed = 0;
  int threads = 0;
  SplitShares shares;
  TokenProgress on_progress;
};

// Documents of equal length, each sampled from the model at temperature 1 after its token for the beginning of a text,
// from the whole distribution, whatever comes: so a document's probability is exactly the product that is kept beside
// it. The model computes in float32, sampling is in float64 by a generator that depends on seed, document and place
// alone. Throws as runtime::Engine, and Error{kInvalidArgument} where the model's context is shorter.
void PrepareFromModel(const SampledCorpusOptions& options, const std::filesystem::path& folder);

}  // namespace hlwq::study
