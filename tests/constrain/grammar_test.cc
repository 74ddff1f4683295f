#include "constrain/grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/error.h"
#include "base/utf8.h"
#include "constrain/formats.h"
#include "tests/constrain/random_answer.h"
#include "tests/support/expect_error.h"

namespace hlwq::constrain {
namespace {

using nlohmann::ordered_json;
using text::TokenId;

constexpr unsigned kAnswers = 60;

class GrammarTest : public testing::Test {
 protected:
  void SetUp() override { HLWQ_REQUIRE_GRAMMARS(); }

  text::Tokenizer tokenizer_ = test::ByteLevelTokenizer();
  TokenId end_ = static_cast<TokenId>(tokenizer_.size() - 1);
  Compiler compiler_{tokenizer_, tokenizer_.size(), std::span(&end_, 1)};

  // Many that end; those that do not are left out.
  std::vector<std::string> AnswersTo(const Format& format) const {
    const auto grammar = compiler_.Compile(format);
    std::vector<std::string> answers;
    for (unsigned seed = 0; seed < kAnswers; ++seed) {
      if (auto answer = test::RandomAnswer(*grammar, tokenizer_, end_, seed))
        answers.push_back(std::move(*answer));
    }
    EXPECT_GT(answers.size(), kAnswers / 4);
    return answers;
  }
};

TEST_F(GrammarTest, WhatComesFollowsTheSchema) {
  const auto schema = ordered_json::parse(R"({"type": "object", "properties": {
    "name": {"type": "string", "maxLength": 6}, "count": {"type": "integer", "minimum": 3, "maximum": 40},
    "kind": {"enum": ["a", "b"]}, "more": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3}},
    "required": ["name", "count", "more"]})");
  for (const std::string& answer : AnswersTo(AsJson(schema))) {
    const auto value = ordered_json::parse(answer, nullptr, false);
    ASSERT_TRUE(value.is_object()) << answer;
    // Half of a surrogate pair is one character to the grammar, and three U+FFFD to the decoder.
    const std::string name = value["name"];
    EXPECT_TRUE(CountCharacters(name) <= 6 || name.find("\uFFFD") != name.npos) << answer;
    EXPECT_TRUE(value["count"].is_number_integer()) << answer;
    EXPECT_TRUE(value["count"] >= 3 && value["count"] <= 40) << answer;
    const bool has_kind = value.contains("kind");
    EXPECT_TRUE(!has_kind || value["kind"] == "a" || value["kind"] == "b") << answer;
    for (const ordered_json& item : value["more"]) EXPECT_TRUE(item.is_boolean()) << answer;
    for (const auto& [key, unused] : value.items())
      EXPECT_TRUE(schema["properties"].contains(key)) << answer;
  }
}

TEST_F(GrammarTest, WhatComesMatchesThePattern) {
  const std::string pattern = "(yes|no), [0-9]{2,4}( the)*!";
  for (const std::string& answer : AnswersTo(AsRegex(pattern))) {
    EXPECT_TRUE(std::regex_match(answer, std::regex(pattern))) << answer;
  }
}

// Rules in llama.cpp's form.
TEST_F(GrammarTest, WhatComesFollowsTheRules) {
  const Format format = AsGrammar(
      "root ::= sum \"=\" number\nsum ::= number ([-+] number)+  # two at least\n"
      "number ::= [1-9] [0-9]{0,2}\n");
  for (const std::string& answer : AnswersTo(format)) {
    EXPECT_TRUE(std::regex_match(
        answer, std::regex("[1-9][0-9]{0,2}([-+][1-9][0-9]{0,2})+=[1-9][0-9]{0,2}")))
        << answer;
  }
}

// At every place exactly the tokens that lead to one of the texts.
TEST_F(GrammarTest, AllowsWhatCanStillBecomeATextAndNothingElse) {
  const std::vector<std::string> texts = {"the name", "the nameé", "then", "\"12\"", "été"};
  std::vector<Format> formats;
  for (const std::string& text : texts) formats.push_back(AsText(text));
  const auto grammar = compiler_.Compile(OneOf(formats));
  for (unsigned seed = 0; seed < kAnswers; ++seed) {
    std::mt19937 random(seed);
    const auto filter = grammar->NewFilter();
    std::string answer;
    while (true) {
      std::vector<TokenId> wanted;
      for (size_t id = 0; id < tokenizer_.size(); ++id) {
        const auto token = static_cast<TokenId>(id);
        const std::string then = answer + tokenizer_.TokenBytes(token);
        const auto leads = [&](const std::string& text) {
          return token == end_ ? text == answer : text.starts_with(then);
        };
        if (std::ranges::any_of(texts, leads)) wanted.push_back(token);
      }
      ASSERT_EQ(test::TokensOf(filter->Allowed(), tokenizer_.size()), wanted) << answer;
      const TokenId token = wanted[random() % wanted.size()];
      filter->Accept(token);
      if (token == end_) break;
      answer += tokenizer_.TokenBytes(token);
    }
  }
}

// SentencePiece's models begin an answer with a blank that nobody sees.
TEST_F(GrammarTest, TheFirstBlankOfSomeVocabulariesIsNoPartOfTheForm) {
  const text::Tokenizer tokenizer = test::ByteFallbackTokenizer();
  const auto end = static_cast<TokenId>(tokenizer.size() - 1);
  const Compiler compiler(tokenizer, tokenizer.size(), std::span(&end, 1));
  const auto grammar = compiler.Compile(AsRegex("[{]\"(the|\xC3\xA9|a b){1,3}\":12[}]"));
  const auto first = test::TokensOf(grammar->NewFilter()->Allowed(), tokenizer.size());
  EXPECT_THAT(first, testing::Contains(*tokenizer.IdOf("\u2581{")));
  size_t ended = 0;
  for (unsigned seed = 0; seed < kAnswers; ++seed) {
    const auto answer = test::RandomAnswer(*grammar, tokenizer, end, seed);
    if (!answer) continue;
    ++ended;
    EXPECT_TRUE(std::regex_match(*answer, std::regex("\\{\"(the|\xC3\xA9|a b){1,3}\":12\\}")))
        << *answer;
  }
  EXPECT_GT(ended, kAnswers / 2);
}

TEST_F(GrammarTest, LogitsBeyondTheTokenizerNeverCome) {
  const size_t vocabulary = tokenizer_.size() + 50;
  const Compiler compiler(tokenizer_, vocabulary, std::span(&end_, 1));
  const auto mask = compiler.Compile(AnyText())->NewFilter();
  const auto tokens = test::TokensOf(mask->Allowed(), vocabulary);
  EXPECT_LT(static_cast<size_t>(tokens.back()), tokenizer_.size());
  EXPECT_GT(tokens.size(), tokenizer_.size() / 2);
}

TEST_F(GrammarTest, ThatMakesNoSenseIsRefused) {
  std::string long_rules = "root ::= \"";
  long_rules.append(300 << 10, 'x');
  const std::pair<Format, const char*> cases[] = {
      {AsRegex("(a"), "parenthesis is not closed"},
      {AsGrammar("root ::= other"), "\"other\" is not defined"},
      {AsGrammar("rule ::= \"a\""), "root"},
      {AsGrammar(long_rules + "\""), "262144 bytes"},
      {AsJson({{"type", "strange"}}), "strange"},
      {AsJson({{"$ref", "#/$defs/none"}}), "$defs"},
      {{{"type", "nothing"}}, "nothing"},
      {{{"type", "token"}, {"token", 1 << 20}}, "range"},
  };
  for (const auto& one : cases) {
    test::ExpectError(ErrorCode::kInvalidArgument, one.second,
                      [&] { compiler_.Compile(one.first); });
  }
  const Compiler endless(tokenizer_, tokenizer_.size(), {});
  test::ExpectError(ErrorCode::kUnsupported, "no token that ends",
                    [&] { endless.Compile(AnyText()); });
}

TEST_F(GrammarTest, ATokenThatMayNotComeIsAnError) {
  const auto filter = compiler_.Compile(AsText("name"))->NewFilter();
  test::ExpectError(ErrorCode::kInvalidData, "token 64", [&] { filter->Accept(64); });
}

TEST(GrammarAbsent, SaysSo) {
  if (IsAvailable()) GTEST_SKIP() << "built with xgrammar";
  const text::Tokenizer tokenizer = test::ByteLevelTokenizer();
  const Compiler compiler(tokenizer, tokenizer.size(), {});
  test::ExpectError(ErrorCode::kUnsupported, "xgrammar", [&] { compiler.Compile(AnyText()); });
}

}  // namespace
}  // namespace hlwq::constrain
