#include "chat/special_tokens.h"

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"

namespace hlwq::chat {
namespace {

TEST(SpecialTokens, NamesComeFromTheConfigurationOrTheOlderMap) {
  const SpecialTokens tokens = ReadSpecialTokens(
      WithFiles({{"tokenizer_config.json", {}, R"({"eos_token": "</s>", "pad_token": null,
                    "image_token": "<img>", "add_bos_token": true})"},
                 {"special_tokens_map.json",
                  {},
                  R"({"bos_token": "<s>", "eos_token": {"content": "<end>", "lstrip": false}})"}}));
  EXPECT_EQ(tokens.Text("bos_token"), "<s>");
  EXPECT_EQ(tokens.Text("eos_token"), "<end>");
  EXPECT_EQ(tokens.Text("image_token"), "<img>");
  EXPECT_EQ(tokens.Text("pad_token"), std::nullopt);
  EXPECT_EQ(tokens.by_name.size(), 3u);
}

TEST(SpecialTokens, TheOlderFilesCountOnlyWithoutADecoder) {
  const SpecialTokens tokens = ReadSpecialTokens(
      WithFiles({{"tokenizer_config.json", {}, R"({"eos_token": "</s>", "added_tokens_decoder":
           {"2": {"content": "</s>", "special": true}, "x": {"content": "y"}, "5": 7}})"},
                 {"special_tokens_map.json", {}, R"({"eos_token": "<end>", "bos_token": "<s>"})"},
                 {"added_tokens.json", {}, R"({"<end>": 9})"}}));
  EXPECT_EQ(tokens.Text("eos_token"), "</s>");
  EXPECT_EQ(tokens.Text("bos_token"), std::nullopt);
  EXPECT_EQ(tokens.added,
            nlohmann::json::parse(R"([{"id": 2, "content": "</s>", "special": true}])"));
}

TEST(SpecialTokens, WhatIsNamedIsSpecial) {
  const SpecialTokens tokens = ReadSpecialTokens(
      WithFiles({{"tokenizer_config.json",
                  {},
                  R"({"eos_token": "</s>", "additional_special_tokens": ["<a>"]})"},
                 {"added_tokens.json", {}, R"({"</s>": 9, "b": 10})"}}));
  EXPECT_EQ(tokens.added, nlohmann::json::parse(R"([
      {"id": 9, "content": "</s>", "special": true, "normalized": false},
      {"id": 10, "content": "b", "special": false, "normalized": true},
      {"content": "<a>", "special": true}])"));
}

TEST(SpecialTokens, AFileThatIsNoObjectIsNamed) {
  test::ExpectError(ErrorCode::kInvalidData, "added_tokens.json", [] {
    ReadSpecialTokens(WithFiles({{"added_tokens.json", {}, "[]"}}));
  });
}

}  // namespace
}  // namespace hlwq::chat
