// A prepared corpus: a folder with corpus.safetensors (tokens, documents, what they were made of) and the tokenizer.
//
//   corpus.safetensors   I32 "train", "validation", "test": tokens, documents one after another
//                        I64 "<split>.ends": where each document ends
//                        F64 "<split>.source_nll": -log p of each document under the model it was sampled from, nats
//   tokenizer.json       and the other files of a Llama folder that a checkpoint of it wants
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "study/corpus/array_file.h"

namespace hlwq::study {

using TokenId = int32_t;

enum class Split : size_t { kTrain, kValidation, kTest };
inline constexpr std::array<std::string_view, 3> kSplitNames = {"train", "validation", "test"};

struct SplitShares {
  double validation = 0.05;
  double test = 0.05;
};

// By the content alone, so that equal documents are in one split. Uniform for different ones.
Split SplitOf(std::span<const std::byte> document, const SplitShares& shares) noexcept;

// What `prepare` made, before it is written.
struct CorpusTokens {
  struct Part {
    std::vector<TokenId> tokens;
    std::vector<int64_t> ends;
    std::vector<double> source_nll;  // of documents that were sampled, else empty
  };
  std::array<Part, 3> splits;
  size_t vocabulary = 0;
  TokenId start = 0;                         // stands before a document
  size_t document_tokens = 0;                // where all have as many, else 0
  std::string source;                        // what it was made of, for people
  std::map<std::string, std::string> facts;  // more of that, kept in the metadata
};

// Writes `folder`/corpus.safetensors.
void WriteCorpus(const std::filesystem::path& folder, const CorpusTokens& corpus);

// Mapped. Immutable. Thread: safe.
class Corpus {
 public:
  // Throws Error{kInvalidData} where the tokens are not those that were written (their hash), and
  // Error{kSourceChanged} where the text that it was made of is there, and is another by now.
  explicit Corpus(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const noexcept { return folder_; }
  size_t vocabulary() const noexcept { return vocabulary_; }
  TokenId start() const noexcept { return start_; }
  size_t document_tokens() const noexcept { return document_tokens_; }
  const std::string& hash() const noexcept { return hash_; }  // of tokens and documents
  const std::map<std::string, std::string>& facts() const noexcept { return file_.metadata(); }

  std::span<const TokenId> tokens(Split split) const noexcept {
    return tokens_[static_cast<size_t>(split)];
  }
  size_t documents(Split split) const;
  // Their tokens, each with the start token before it where the corpus was made of text.
  std::vector<std::span<const TokenId>> Documents(Split split) const;
  // Empty where the corpus was not sampled from a model.
  std::vector<double> SourceNll(Split split) const;
  // Whole windows that a split has.
  size_t windows(Split split, size_t length) const noexcept {
    return tokens(split).size() / length;
  }

 private:
  std::filesystem::path folder_;
  ArrayFile file_;
  size_t vocabulary_ = 0;
  TokenId start_ = 0;
  size_t document_tokens_ = 0;
  std::string hash_;
  std::array<std::span<const TokenId>, 3> tokens_;  // of the mapping

  void CheckSource() const;
};

// Identity of texts, for CheckSource: "SIZE-HASH" of all files of a file or folder, in order of their names.
std::string TextIdentity(const std::filesystem::path& path);

}  // namespace hlwq::study
