#include "chat/open_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

TEST(OpenTokenizer, AVocabularyMayBePaddedButNotSmallerThanTheTokenizer) {
  const auto checkpoint = WithFiles({{"tokenizer.json", {}, GoldenTokenizerJson()}});
  EXPECT_EQ(OpenTokenizer(checkpoint, 380).size(), 380u);
  EXPECT_EQ(OpenTokenizer(checkpoint, 512).size(), 380u);
  ExpectError(ErrorCode::kInvalidData, "the model's vocabulary of 379, got up to 379",
              [&] { OpenTokenizer(checkpoint, 379); });
  ExpectError(ErrorCode::kNotFound, "no tokenizer.json", [] { OpenTokenizer(WithFiles({}), 379); });
}

TEST(OpenTokenizer, AFolderAFileAndAGgufGiveTheSame) {
  const std::filesystem::path folder = test::Golden("good/gguf/llama-bpe");
  const std::vector<text::TokenId> ids = OpenTokenizerAt(folder / "model.gguf").Encode("the fox");
  EXPECT_EQ(OpenTokenizerAt(folder).Encode("the fox"), ids);
  EXPECT_EQ(OpenTokenizerAt(folder / "tokenizer.json").Encode("the fox"), ids);
  ExpectError(ErrorCode::kNotFound, "no tokenizer.json",
              [] { OpenTokenizerAt(test::Golden("good/models/llama-linear")); });
}

}  // namespace
}  // namespace hlwq::chat
