#include "chat/text_model.h"

#include <filesystem>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/chat/made_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::chat {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGguf = "good/gguf/qwen2/model.gguf";

checkpoint::Checkpoint OpenWith(const char* name, std::string_view content) {
  checkpoint::Checkpoint checkpoint = checkpoint::OpenCheckpoint(test::Golden(kGguf));
  std::erase_if(checkpoint.side_files, [&](const auto& file) { return file.name == name; });
  checkpoint.side_files.push_back({.name = name, .content = std::string(content)});
  return checkpoint;
}

TEST(TextModel, WhatIsOptionalIsReadWhenItIsAskedFor) {
  TextModel model(test::Golden("good/models/llama-linear"));
  EXPECT_GT(model.config().sizes.vocab, 0u);
  EXPECT_EQ(model.DefaultOptions().sampler.top_k, runtime::SamplerOptions().top_k);
  test::ExpectError(ErrorCode::kNotFound, "no tokenizer.json", [&] { model.tokenizer(); });
  test::ExpectError(ErrorCode::kNotFound, "no chat template", [&] { model.chat_format(); });
}

TEST(TextModel, WhatWasReadStays) {
  const TextModel model(test::Golden(kGguf));
  EXPECT_EQ(&model.tokenizer(), &model.tokenizer());
  EXPECT_EQ(&model.chat_format(), &model.chat_format());
}

TEST(TextModel, FaultsOfSideFilesAreToldWhereTheyAreRead) {
  const TextModel model(OpenWith("generation_config.json", "[]"));
  EXPECT_FALSE(model.tokenizer().Encode("the fox").empty());
  test::ExpectError(ErrorCode::kInvalidData, "model.gguf: generation_config.json: want an object",
                    [&] { model.DefaultOptions(); });
}

TEST(TextModel, TheMakersSayHowToGenerate) {
  const TextModel model(OpenWith("generation_config.json",
                                 R"({"eos_token_id": [3, 4], "temperature": 0.5, "top_k": 7})"));
  const runtime::GenerateOptions options = model.DefaultOptions();
  EXPECT_EQ(options.eos, (std::vector<runtime::TokenId>{3, 4, 2}));  // 2: that of the tokenizer
  EXPECT_EQ(options.sampler.temperature, 0.5);
  EXPECT_EQ(options.sampler.top_k, 7u);
  EXPECT_EQ(options.sampler.top_p, runtime::SamplerOptions().top_p);
}

// The tokenizer of qwen2 puts nothing before a text.
TEST(TextModel, AnEmptyPromptIsTheTokenForTheBeginning) {
  const TextModel model(OpenWith("generation_config.json", R"({"bos_token_id": 5})"));
  EXPECT_EQ(model.EncodePrompt("the fox"), model.tokenizer().Encode("the fox"));
  EXPECT_EQ(model.EncodePrompt(""), (std::vector<text::TokenId>{5}));
}

TEST(TextModel, ExpertsAreCachedInTheMemoryThereIs) {
  const fs::path path = test::Golden("good/models/qwen3_5_moe");
  const TextModel all(path);
  ASSERT_NE(all.engine().expert_cache(), nullptr);
  EXPECT_TRUE(all.engine().expert_cache()->holds_all());
  const TextModel few(path, {.experts = {.size = runtime::SlotsPerLayer{1}}});
  EXPECT_FALSE(few.engine().expert_cache()->holds_all());
  test::ExpectError(ErrorCode::kInvalidArgument, "the limit is", [&] {
    TextModel(path, {.memory = MemoryLimit{.limit_bytes = 1, .available_bytes = 1}});
  });
  EXPECT_EQ(TextModel(test::Golden("good/models/qwen3_5")).engine().expert_cache(), nullptr);
}

}  // namespace
}  // namespace hlwq::chat
