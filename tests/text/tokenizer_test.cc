#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hlwq::text {
namespace {

using nlohmann::json;
using Ids = std::vector<TokenId>;

// A byte-level vocabulary of all 256 bytes, "ab" = 256 and "abab" = 257, <s> = 258 and <t> = 259.
json ByteLevelJson() {
  json vocab;
  int odd = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    const int code = prints ? byte : 0x100 + odd++;
    std::string text;
    if (code < 0x80) {
      text = static_cast<char>(code);
    } else {
      text = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
    }
    vocab[text] = byte;
  }
  vocab["ab"] = 256;
  vocab["abab"] = 257;
  return {{"added_tokens",
           {{{"id", 258}, {"content", "<s>"}, {"special", true}, {"normalized", false}},
            {{"id", 259}, {"content", "<t>"}, {"special", false}, {"normalized", false}}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "ab ab"}}}}};
}

Tokenizer ByteLevel() { return Tokenizer(ByteLevelJson().dump()); }

ErrorCode CodeOf(const json& file) {
  try {
    const Tokenizer tokenizer(file.dump());
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::kIo;
}

TEST(Tokenizer, MergesByRankFromTheLeft) {
  EXPECT_EQ(ByteLevel().Encode("ababab"), (Ids{257, 256}));
  EXPECT_EQ(ByteLevel().Encode("aab"), (Ids{'a', 256}));
}

TEST(Tokenizer, SpecialTokensAreTextWhenNotParsedAndOthersAreTokensAlways) {
  const Tokenizer tokenizer = ByteLevel();
  EXPECT_EQ(tokenizer.Encode("<s><t>"), (Ids{258, 259}));
  EXPECT_EQ(tokenizer.Encode("<s><t>", {.parse_special = false}), (Ids{'<', 's', '>', 259}));
  EXPECT_EQ(tokenizer.Decode(Ids{'a', 258, 259}, true), "a<t>");
  EXPECT_TRUE(tokenizer.IsSpecial(258));
  EXPECT_FALSE(tokenizer.IsSpecial(259));
  EXPECT_EQ(tokenizer.TokenText(259), "<t>");
  EXPECT_EQ(tokenizer.IdOf("ab"), 256);
  EXPECT_EQ(tokenizer.IdOf("abc"), std::nullopt);
  EXPECT_EQ(tokenizer.size(), 260u);
}

TEST(Tokenizer, InvalidUtf8BecomesTheReplacementCharacter) {
  const Tokenizer tokenizer = ByteLevel();
  EXPECT_EQ(tokenizer.Encode("a\xFF\xC3"), tokenizer.Encode("a\uFFFD\uFFFD"));
  EXPECT_EQ(tokenizer.Encode("\xED\xA0\x80"), tokenizer.Encode("\uFFFD\uFFFD\uFFFD"));
}

TEST(Tokenizer, IdsOutsideTheVocabularyDecodeToNothing) {
  EXPECT_EQ(ByteLevel().Decode(Ids{'a', -1, 260, 1 << 30, 'b'}), "ab");
  EXPECT_EQ(ByteLevel().TokenText(-5), "");
}

TEST(Tokenizer, BytesOfATokenAreWhatItAddsToAText) {
  const Tokenizer tokenizer = ByteLevel();
  EXPECT_EQ(tokenizer.TokenBytes(0xE2), "\xE2");
  EXPECT_EQ(tokenizer.TokenBytes(256), "ab");
  EXPECT_EQ(tokenizer.TokenBytes(259), "<t>");
  EXPECT_EQ(tokenizer.TokenBytes(1 << 30), "");
  std::string text;
  for (const TokenId id : tokenizer.Encode("a \u20AC, ababab <t>"))
    text += tokenizer.TokenBytes(id);
  EXPECT_EQ(text, "a \u20AC, ababab <t>");
}

TEST(StreamDecoder, HoldsBackAnUnfinishedCharacter) {
  const Tokenizer tokenizer = ByteLevel();
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Push(0x9F), "");
  EXPECT_EQ(decoder.Push(0x98), "");
  EXPECT_EQ(decoder.Push(0x80), "\U0001F600");
  EXPECT_EQ(decoder.Push(0xE2), "");
  EXPECT_EQ(decoder.Push('a'), "\uFFFDa");
  EXPECT_EQ(decoder.Push(0xE2), "");
  EXPECT_EQ(decoder.Finish(), "\uFFFD");
  EXPECT_EQ(decoder.Push('a'), "a");
}

TEST(Tokenizer, OneLetterAMillionTimesTakesNoQuadraticTime) {
  const Tokenizer tokenizer = ByteLevel();
  for (const char* const word : {"a", "ab", " ", "\n", "1", "a ", "\u00E9"}) {
    std::string text;
    while (text.size() < 1'000'000) text += word;
    const auto begin = std::chrono::steady_clock::now();
    const Ids ids = tokenizer.Encode(text);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(tokenizer.Decode(ids), text) << word;
    // Takes 0.1 s; a quadratic method would take hours.
    EXPECT_LT(seconds.count(), 60) << word;
  }
}

TEST(Tokenizer, WhatIsNotSupportedIsNamed) {
  const auto message = [](const char* part, const json& value) {
    json file = ByteLevelJson();
    file[part] = value;
    try {
      const Tokenizer tokenizer(file.dump());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message("normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AAA="}}),
            "normalizer 'Precompiled' is not supported");
  EXPECT_EQ(message("pre_tokenizer", {{"type", "UnicodeScripts"}}),
            "pre_tokenizer 'UnicodeScripts' is not supported");
  EXPECT_EQ(message("post_processor", {{"type", "Other"}}),
            "post_processor 'Other' is not supported");
  EXPECT_EQ(message("decoder", {{"type", "CTC"}}), "decoder 'CTC' is not supported");
  EXPECT_EQ(message("model", {{"type", "Unigram"}, {"vocab", json::array()}}),
            "model 'Unigram' is not supported: want a byte pair encoding ('BPE')");
}

TEST(Tokenizer, ContradictionsAreInvalidData) {
  const auto with = [](const char* pointer, const json& value) {
    json file = ByteLevelJson();
    file[json::json_pointer(pointer)] = value;
    return CodeOf(file);
  };
  EXPECT_EQ(with("/model/merges/0", "a"), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model/merges/0", "a c"), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model/merges/0", {"a", "b", "c"}), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model/vocab/abab", 256), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model/vocab/abab", -1), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model/vocab/abab", 1u << 31), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/added_tokens/0/id", 1), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/added_tokens/0/content", "ab"), ErrorCode::kInvalidData);
  EXPECT_EQ(with("/model", "BPE"), ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace hlwq::text
