#include "chat/open_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

TEST(OpenTokenizer, WithoutAFileThereIsNone) {
  const auto checkpoint = WithFiles({{"tokenizer.json", {}, GoldenTokenizerJson()}});
  EXPECT_EQ(OpenTokenizer(checkpoint).size(), 380u);
  test::ExpectError(ErrorCode::kNotFound, "no tokenizer.json",
                    [] { OpenTokenizer(WithFiles({})); });
}

// Tokens that tokenizer.json does not have, or has as ordinary ones.
TEST(OpenTokenizer, TheFilesBesideItSayMoreOfItsTokens) {
  const auto encode = [](std::vector<checkpoint::SideFile> files, const char* text) {
    files.push_back({"tokenizer.json", {}, GoldenTokenizerJson()});
    return OpenTokenizer(WithFiles(std::move(files))).Encode(text, {.add_special = false});
  };
  const std::string plain = "the<|call|>fox";
  EXPECT_GT(encode({}, plain.c_str()).size(), 3u);
  const checkpoint::SideFile decoder = {
      "tokenizer_config.json",
      {},
      R"({"added_tokens_decoder": {"400": {"content": "<|call|>", "special": true,
          "normalized": false, "lstrip": false, "rstrip": false, "single_word": false}}})"};
  const std::vector<text::TokenId> ids = encode({decoder}, plain.c_str());
  EXPECT_EQ(std::ranges::count(ids, 400), 1);
  const checkpoint::SideFile added = {"added_tokens.json", {}, R"({"<|call|>": 400})"};
  EXPECT_EQ(encode({added}, plain.c_str()), ids);
  // Where tokenizer_config.json lists the tokens, the older file is not looked at.
  const checkpoint::SideFile other = {"added_tokens.json", {}, R"({"<|call|>": 401})"};
  EXPECT_EQ(encode({decoder, other}, plain.c_str()), ids);
}

TEST(OpenTokenizer, AFolderAFileAndAGgufGiveTheSame) {
  const std::filesystem::path folder = test::Golden("good/gguf/llama-bpe");
  const std::vector<text::TokenId> ids = OpenTokenizerAt(folder / "model.gguf").Encode("the fox");
  EXPECT_EQ(OpenTokenizerAt(folder).Encode("the fox"), ids);
  EXPECT_EQ(OpenTokenizerAt(folder / "tokenizer.json").Encode("the fox"), ids);
  test::ExpectError(ErrorCode::kNotFound, "no tokenizer.json",
                    [] { OpenTokenizerAt(test::Golden("good/models/llama-linear")); });
}

}  // namespace
}  // namespace hlwq::chat
