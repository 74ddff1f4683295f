// A tokenizer.json taken apart.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "text/tokenizer/bpe.h"
#include "text/tokenizer/merges.h"
#include "text/tokenizer/vocabulary.h"

namespace hlwq::text {

inline constexpr uint64_t kMaxTokenizerBytes = 256u << 20;

// The model, which is nearly all of the file, is read straight into its tables; the other
// components are small and stay JSON.
class TokenizerFile {
 public:
  // Throws Error{kInvalidData} when the file is not valid JSON or contradicts itself,
  // Error{kUnsupported} naming the model when it is no byte pair encoding that this program knows.
  explicit TokenizerFile(std::string_view json);
  ~TokenizerFile();

  Vocabulary vocabulary;
  std::vector<MergeText> merges;  // borrow this object
  BpeOptions options;

  // Null where the file has none.
  nlohmann::json added_tokens, normalizer, pre_tokenizer, post_processor, decoder;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace hlwq::text
