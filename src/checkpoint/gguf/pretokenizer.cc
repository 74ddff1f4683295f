#include "checkpoint/gguf/pretokenizer.h"

#include <algorithm>
#include <array>

namespace hlwq::checkpoint {

constexpr std::string_view kDigitExpression = R"(\p{N})";
constexpr std::string_view kGpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

using Expressions = std::span<const std::string_view>;

constexpr std::array kGpt2 = {kGpt2Expression};
// Digits one by one, the rest as GPT-2.
constexpr std::array<std::string_view, 2> kSingleDigits = {kDigitExpression, kGpt2Expression};
// What llama.cpp does with a model that names no rule.
constexpr std::array<std::string_view, 4> kDefault = {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2Expression,
                                                      R"(\p{N}+)", "[0-9][0-9][0-9]"};
constexpr std::array<std::string_view, 1> kLlama3 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kQwen2 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kQwen35 = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array<std::string_view, 1> kTekken = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr PreTokenizer Plain(std::string_view name, Expressions expressions) {
  return {name, expressions, false, false, false};
}
constexpr PreTokenizer Llama3(std::string_view name) { return {name, kLlama3, true, true, false}; }
constexpr PreTokenizer Qwen(std::string_view name, Expressions expressions) {
  return {name, expressions, false, false, true};
}

constexpr std::array kPreTokenizers = {
    Plain("default", kDefault),
    Plain("gpt-2", kGpt2),
    Plain("phi-2", kGpt2),
    Plain("mpt", kGpt2),
    Plain("olmo", kGpt2),
    Plain("mellum", kGpt2),
    Plain("smollm", kSingleDigits),
    Plain("starcoder", kSingleDigits),
    Plain("refact", kSingleDigits),
    Plain("command-r", kSingleDigits),
    Plain("codeshell", kSingleDigits),
    Plain("exaone", kSingleDigits),
    Plain("minerva-7b", kSingleDigits),
    Llama3("llama-bpe"),
    Llama3("llama3"),
    Llama3("llama-v3"),
    Llama3("falcon3"),
    Plain("dbrx", kLlama3),
    Plain("smaug-bpe", kLlama3),
    Qwen("qwen2", kQwen2),
    Qwen("deepseek-r1-qwen", kQwen2),
    Qwen("megrez", kQwen2),
    Qwen("qwen35", kQwen35),
    PreTokenizer{"tekken", kTekken, true, true, false},
};

}  // namespace

const PreTokenizer* FindPreTokenizer(std::string_view name) noexcept {
  for (const PreTokenizer& pre_tokenizer : kPreTokenizers) {
    if (pre_tokenizer.name == name) return &pre_tokenizer;
  }
  return nullptr;
}

const PreTokenizer* FindPreTokenizer(std::span<const std::string> expressions,
                                     bool ignores_merges) noexcept {
  for (const PreTokenizer& pre_tokenizer : kPreTokenizers) {
    if (pre_tokenizer.ignores_merges == ignores_merges &&
        std::ranges::equal(pre_tokenizer.expressions, expressions)) {
      return &pre_tokenizer;
    }
  }
  return nullptr;
}

}  // namespace hlwq::checkpoint
