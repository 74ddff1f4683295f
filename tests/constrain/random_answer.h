// Answers of a model that knows nothing but what it may say.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "constrain/grammar.h"
#include "text/tokenizer/byte_alphabet.h"

// Skips the running test, with a clear word, where the program was built without xgrammar.
#define HLWQ_REQUIRE_GRAMMARS()                                                                    \
  do {                                                                                             \
    if (!constrain::IsAvailable()) GTEST_SKIP() << "built without xgrammar (scripts/xgrammar.sh)"; \
  } while (false)

namespace hlwq::test {

// All bytes, and what JSON and its like are made of: over bytes as GPT-2 writes them.
inline text::Tokenizer ByteLevelTokenizer() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* more :
       {"{\"", "\":", "\", \"", " \"", "}}", "},", "true", "null", "12", " the", "é", "\xC3\xA9t",
        "\xE2\x82", "\n\n", "<tool_call>", "</tool_call>", "<think>", "</think>", "name"})
    tokens.emplace_back(more);
  nlohmann::json vocabulary;
  for (const std::string& token : tokens) {
    std::string written;
    text::AppendByteCharacters(token, written);
    vocabulary.emplace(written, vocabulary.size());
  }
  return text::Tokenizer(nlohmann::json{
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", nlohmann::json::array()}}},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"added_tokens", {{{"id", vocabulary.size()}, {"content", "<|end|>"}, {"special", true}}}}}
                             .dump());
}

// The same as SentencePiece writes them, with its blank, which is not shown in front of a text.
inline text::Tokenizer ByteFallbackTokenizer() {
  nlohmann::json vocabulary;
  for (int byte = 0; byte < 256; ++byte)
    vocabulary.emplace(fmt::format("<0x{:02X}>", byte), vocabulary.size());
  for (const char* more : {"\u2581", "{\"", "\u2581{", "\":", "\u2581\"", "}}", "true", "\u2581the",
                           "a", "b", "e", "\"", "1", "12"})
    vocabulary.emplace(more, vocabulary.size());
  const nlohmann::json replace = {
      {"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}};
  return text::Tokenizer(nlohmann::json{
      {"model",
       {{"type", "BPE"},
        {"vocab", vocabulary},
        {"merges", nlohmann::json::array()},
        {"byte_fallback", true}}},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         {replace,
          {{"type", "ByteFallback"}},
          {{"type", "Fuse"}},
          {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
      {"added_tokens", {{{"id", vocabulary.size()}, {"content", "</s>"}, {"special", true}}}}}
                             .dump());
}

inline std::vector<text::TokenId> TokensOf(std::span<const uint32_t> mask, size_t vocabulary) {
  std::vector<text::TokenId> tokens;
  for (size_t id = 0; id < vocabulary; ++id) {
    if (mask.empty() || (mask[id / 32] >> (id % 32) & 1) != 0)
      tokens.push_back(static_cast<text::TokenId>(id));
  }
  return tokens;
}

// Whether the tokens of a text may come, and then the end.
inline bool Accepts(const constrain::Grammar& grammar, const text::Tokenizer& tokenizer,
                    text::TokenId end, const std::string& text) {
  const auto filter = grammar.NewFilter();
  std::vector<text::TokenId> tokens = tokenizer.Encode(text, {.add_special = false});
  tokens.push_back(end);
  for (const text::TokenId token : tokens) {
    const auto mask = filter->Allowed();
    const auto id = static_cast<size_t>(token);
    if (!mask.empty() && (mask[id / 32] >> (id % 32) & 1) == 0) return false;
    filter->Accept(token);
  }
  return true;
}

// The text of one that takes any token that it may. Nothing where there is no end within `most` tokens.
inline std::optional<std::string> RandomAnswer(const constrain::Grammar& grammar,
                                               const text::Tokenizer& tokenizer, text::TokenId end,
                                               unsigned seed, size_t most = 400) {
  std::mt19937 random(seed);
  const auto filter = grammar.NewFilter();
  std::vector<text::TokenId> answer;
  while (answer.size() < most) {
    const auto tokens = TokensOf(filter->Allowed(), tokenizer.size());
    if (tokens.empty()) {
      ADD_FAILURE() << "no token may come after " << tokenizer.Decode(answer);
      return std::nullopt;
    }
    const bool may_end = std::ranges::find(tokens, end) != tokens.end();
    const text::TokenId token =
        may_end && random() % 4 == 0 ? end : tokens[random() % tokens.size()];
    filter->Accept(token);
    if (token == end) return tokenizer.Decode(answer);
    answer.push_back(token);
  }
  return std::nullopt;
}

}  // namespace hlwq::test
