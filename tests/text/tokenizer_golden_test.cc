// The tokenizer against what Hugging Face's library (and llama.cpp) says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "tests/support/shared_data.h"
#include "text/tokenizer.h"

namespace hlwq::text {
namespace {

using nlohmann::json;
using Ids = std::vector<TokenId>;

constexpr uint64_t kMaxBytes = 64u << 20;

std::string Streamed(const Tokenizer& tokenizer, const Ids& ids, bool skip_special) {
  StreamDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const TokenId id : ids) text += decoder.Push(id);
  return text + decoder.Finish();
}

// Entries are {text, ids, decoded} and more; what is absent is not checked. Returns how many there
// were.
size_t CheckEntries(const Tokenizer& tokenizer, const json& entries) {
  for (const json& entry : entries) {
    const Ids ids = entry.at("ids").get<Ids>();
    if (entry.contains("text")) {
      const std::string text = entry["text"];
      const bool parse_special = entry.value("parse_special", true);
      EXPECT_EQ(tokenizer.Encode(text, {.add_special = false, .parse_special = parse_special}), ids)
          << entry.dump();
      if (entry.contains("ids_with_special")) {
        EXPECT_EQ(tokenizer.Encode(text, {.parse_special = parse_special}),
                  entry["ids_with_special"].get<Ids>())
            << entry.dump();
      }
    }
    for (const bool skips : {false, true}) {
      const char* const key = skips ? "decoded_skip_special" : "decoded";
      if (entry.contains(key)) {
        EXPECT_EQ(tokenizer.Decode(ids, skips), entry[key].get<std::string>()) << entry.dump();
      }
      EXPECT_EQ(Streamed(tokenizer, ids, skips), tokenizer.Decode(ids, skips)) << entry.dump();
    }
  }
  return entries.size();
}

Tokenizer FromShared(std::string_view path) {
  return Tokenizer(ReadSmallFile(test::SharedData(path), kMaxBytes));
}

TEST(TokenizerGolden, Qwen3EncodesAndDecodesAsTheLibraryDoes) {
  const auto golden = test::SharedData("tokenizers/qwen3/golden.json");
  HLWQ_REQUIRE_SHARED(golden);
  const Tokenizer tokenizer = FromShared("tokenizers/qwen3/tokenizer.json");
  EXPECT_EQ(tokenizer.size(), 151'669u);
  EXPECT_EQ(tokenizer.IdOf("<|im_end|>"), 151'645);
  EXPECT_EQ(tokenizer.TokenText(220), "Ġ");
  EXPECT_GT(CheckEntries(tokenizer, ReadJsonFile(golden)), 200u);
}

TEST(TokenizerGolden, Qwen3PassesTheVectorsOfLlamaCpp) {
  const auto folder = test::SharedData("tokenizers/qwen3");
  HLWQ_REQUIRE_SHARED(folder);
  const Tokenizer tokenizer = FromShared("tokenizers/qwen3/tokenizer.json");
  const std::string inputs = ReadSmallFile(folder / "vectors.inp", kMaxBytes);
  std::istringstream outputs(ReadSmallFile(folder / "vectors.out", kMaxBytes));
  constexpr std::string_view kBorder = "\n__ggml_vocab_test__\n";
  size_t vectors = 0;
  std::string line;
  for (size_t begin = 0, end; (end = inputs.find(kBorder, begin)) != inputs.npos;
       begin = end + kBorder.size(), ++vectors) {
    const std::string text = inputs.substr(begin, end - begin);
    ASSERT_TRUE(std::getline(outputs, line));
    std::istringstream numbers(line);
    Ids ids;
    for (TokenId id; numbers >> id;) ids.push_back(id);
    EXPECT_EQ(tokenizer.Encode(text, {.add_special = false}), ids) << text;
  }
  EXPECT_EQ(vectors, 46u);
}

TEST(TokenizerGolden, Stories260kEncodesAndDecodesAsTheLibraryDoes) {
  const auto golden = test::SharedData("models/stories260k/golden_tokenizer.json");
  HLWQ_REQUIRE_SHARED(golden);
  const Tokenizer tokenizer = FromShared("models/stories260k/tokenizer.json");
  EXPECT_EQ(tokenizer.size(), 512u);
  json entries = ReadJsonFile(golden);
  for (json& entry : entries) {  // made with the library's default, which skips special tokens
    entry["decoded_skip_special"] = entry["decoded"];
    entry.erase("decoded");
  }
  EXPECT_EQ(CheckEntries(tokenizer, entries), 40u);
  const Ids ids = tokenizer.Encode("Once");
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(ids[0], 1);
}

TEST(TokenizerGolden, WikiTextComesBackUnchanged) {
  const auto path = test::SharedData("text/wiki.test.raw");
  HLWQ_REQUIRE_SHARED(path);
  const std::string text = ReadSmallFile(path, kMaxBytes);
  for (const char* const file :
       {"tokenizers/qwen3/tokenizer.json", "models/stories260k/tokenizer.json"}) {
    const Tokenizer tokenizer = FromShared(file);
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text, {.add_special = false})), text) << file;
  }
}

// A file of tools/golden/make_tokenizers.py: a tokenizer.json and variants of it.
void CheckGenerated(std::string_view name) {
  const json golden = ReadJsonFile(test::Golden("good/tokenizer") / name);
  for (const json& variant : golden.at("variants")) {
    SCOPED_TRACE(variant.at("name").get<std::string>());
    json file = golden.at("base");
    for (const auto& [key, value] : variant.at("changes").items()) {
      if (key == "model") {
        file[key].update(value);
      } else {
        file[key] = value;
      }
    }
    const Tokenizer tokenizer(file.dump());
    EXPECT_GT(CheckEntries(tokenizer, variant.at("cases")), 0u);
  }
}

TEST(TokenizerGolden, ByteLevelVariantsAreWhatTheLibraryMakesOfThem) {
  CheckGenerated("byte-level.json");
}

TEST(TokenizerGolden, ByteFallbackVariantsAreWhatTheLibraryMakesOfThem) {
  CheckGenerated("byte-fallback.json");
}

TEST(TokenizerGolden, VariantsWithAnUnknownTokenAreWhatTheLibraryMakesOfThem) {
  CheckGenerated("unknown.json");
}

}  // namespace
}  // namespace hlwq::text
