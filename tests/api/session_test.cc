#include "hlwq/session.h"

#include <future>
#include <numeric>

#include "tests/api/golden_model.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

class PublicSession : public testing::Test {
 protected:
  Model model_{GoldenModel(), {.threads = 2}};
  const GenerateOptions options_ = {.max_tokens = 12, .sampling = {.temperature = 0}};

  Session NewSession() const { return Session(model_, {.context_tokens = 64}); }
};

TEST_F(PublicSession, TheTextIsThatOfTheTokensAndComesInPieces) {
  std::string pieces;
  std::vector<size_t> done;
  GenerateOptions options = options_;
  options.on_text = [&](std::string_view text) { pieces += text; };
  options.on_prompt = [&](size_t tokens, size_t total) {
    done.push_back(tokens);
    EXPECT_EQ(total, 4u);
  };
  const Answer answer = NewSession().Generate(std::vector<TokenId>{1, 2, 3, 4}, options);
  EXPECT_EQ(answer.tokens.size(), 12u);
  EXPECT_EQ(answer.finish, FinishReason::kLength);
  EXPECT_EQ(answer.prompt_tokens, 4u);
  EXPECT_EQ(pieces, answer.text);
  EXPECT_EQ(answer.text, model_.tokenizer().Decode(answer.tokens, true));
  EXPECT_EQ(done.back(), 4u);
}

TEST_F(PublicSession, SamplingThatIsNotChosenIsTheModelsOwn) {
  const auto tokens = [&](const SamplingOptions& sampling) {
    return NewSession().Generate("the", {.max_tokens = 12, .sampling = sampling}).tokens;
  };
  EXPECT_EQ(tokens({.seed = 7}), tokens({.seed = 7}));
  EXPECT_NE(tokens({.seed = 7}), tokens({.seed = 8}));
  EXPECT_EQ(tokens({.seed = 7}), tokens({.temperature = 0.8, .top_k = 40, .seed = 7}));
  EXPECT_EQ(tokens({.top_k = 1, .seed = 7}), tokens({.temperature = 0, .seed = 8}));
  test::ExpectError(ErrorCode::kInvalidArgument, "top", [&] { tokens({.top_p = 2}); });
}

TEST_F(PublicSession, AStopTextEndsTheAnswerBeforeIt) {
  const std::string whole = NewSession().Generate("the", options_).text;
  GenerateOptions options = options_;
  options.stop_texts = {whole.substr(2, 2)};
  const Answer answer = NewSession().Generate("the", options);
  EXPECT_EQ(answer.finish, FinishReason::kStopText);
  EXPECT_EQ(answer.stop_text, options.stop_texts[0]);
  EXPECT_EQ(answer.text, whole.substr(0, whole.find(options.stop_texts[0])));
}

TEST_F(PublicSession, AnAnswerThatIsStoppedIsThereAsFarAsItGot) {
  std::stop_source stop;
  std::string pieces;
  GenerateOptions options = options_;
  options.stop = stop.get_token();
  options.on_text = [&](std::string_view text) {
    pieces += text;
    stop.request_stop();
  };
  const Answer answer = NewSession().Generate("the", options);
  EXPECT_EQ(answer.finish, FinishReason::kCancelled);
  EXPECT_LT(answer.tokens.size(), 12u);
  EXPECT_EQ(answer.text, pieces);
}

TEST_F(PublicSession, AForkGoesOnAsItsOrigin) {
  Session origin = NewSession();
  const std::vector<TokenId> prompt = {5, 6, 7, 8, 9};
  const std::vector<float> logits = origin.Logits(prompt);
  EXPECT_EQ(logits.size(), model_.vocabulary());
  Session fork = origin.Fork();
  EXPECT_EQ(fork.context_tokens(), 64u);
  const Answer answer = fork.Generate(prompt, options_);
  EXPECT_EQ(answer.reused_tokens, prompt.size());
  EXPECT_EQ(answer.tokens, NewSession().Generate(prompt, options_).tokens);
  EXPECT_EQ(origin.Logits(prompt), logits);
  const auto likeliest = std::ranges::max_element(logits) - logits.begin();
  EXPECT_EQ(answer.tokens[0], likeliest);
}

TEST_F(PublicSession, OutlivesWhatItWasMadeFrom) {
  std::optional<Model> model(GoldenModel());
  Session session(*model, {.context_tokens = 64});
  const Tokenizer tokenizer = model->tokenizer();
  model.reset();
  EXPECT_EQ(session.Generate("the", options_).text, NewSession().Generate("the", options_).text);
  Session moved = std::move(session);
  session = NewSession();
  EXPECT_EQ(tokenizer.Decode(moved.Generate("the", options_).tokens, true),
            session.Generate("the", options_).text);
}

TEST_F(PublicSession, SeveralThreadsMayUseTheSessionsOfAModel) {
  const std::vector<TokenId> alone = NewSession().Generate("the", options_).tokens;
  std::vector<std::future<std::vector<TokenId>>> answers;
  for (int thread = 0; thread < 4; ++thread) {
    answers.push_back(std::async(std::launch::async, [&] {
      Session session = NewSession();
      session = session.Fork();
      return session.Generate("the", options_).tokens;
    }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), alone);
}

TEST_F(PublicSession, ACallbackMayMakeSessionsButNotRunThem) {
  GenerateOptions options = options_;
  std::optional<Session> made;
  options.on_text = [&](std::string_view) {
    made = NewSession();
    made->Generate("the", options_);
  };
  Session session = NewSession();
  test::ExpectError(ErrorCode::kInvalidArgument, "callback",
                    [&] { session.Generate("the", options); });
  EXPECT_EQ(session.Generate("the", options_).tokens, made->Generate("the", options_).tokens);
}

TEST_F(PublicSession, APromptWithoutRoomIsRefusedAndTheSessionGoesOn) {
  Session session = NewSession();
  std::vector<TokenId> prompt(65);
  std::iota(prompt.begin(), prompt.end(), 3);
  test::ExpectError(ErrorCode::kInvalidArgument, "65", [&] { session.Generate(prompt, options_); });
  test::ExpectError(ErrorCode::kInvalidArgument, "token -1",
                    [&] { session.Logits(std::vector<TokenId>{-1}); });
  prompt.resize(60);
  EXPECT_EQ(session.Generate(prompt, options_).finish, FinishReason::kContextFull);
}

TEST(PublicModel, SaysWhatItIs) {
  const Model model(GoldenModel(), {.threads = 1});
  EXPECT_EQ(model.model_type(), "llama");
  EXPECT_EQ(model.vocabulary(), 384u);
  EXPECT_EQ(model.path(), GoldenModel());
  EXPECT_TRUE(model.HasChatTemplate());
  EXPECT_GT(model.bytes_per_token(), 100'000u);
  const Model bare(test::Golden("good/models/llama-linear"));
  EXPECT_FALSE(bare.HasChatTemplate());
  test::ExpectError(ErrorCode::kNotFound, "tokenizer.json", [&] { bare.tokenizer(); });
  test::ExpectError(ErrorCode::kInvalidArgument, "both",
                    [] { Model(GoldenModel(), {.experts_per_layer = 1, .expert_bytes = 1}); });
}

TEST(PublicTokenizer, TextComesBack) {
  const Tokenizer tokenizer(test::Golden("good/gguf/llama-bpe/tokenizer.json"));
  const Tokenizer of_model = Model(GoldenModel(), {.threads = 1}).tokenizer();
  const std::vector<TokenId> tokens = tokenizer.Encode("the lazy dog", {.add_special = false});
  EXPECT_EQ(tokenizer.Decode(tokens), "the lazy dog");
  EXPECT_EQ(of_model.Encode("the lazy dog", {.add_special = false}), tokens);
  EXPECT_EQ(tokenizer.IdOf(tokenizer.TokenText(tokens[0])), tokens[0]);
  EXPECT_FALSE(tokenizer.IsSpecial(tokens[0]));
  test::ExpectError(ErrorCode::kNotFound, "absent", [] { Tokenizer("absent"); });
}

TEST_F(PublicSession, AFileHasWhatWasReadForTheNextProgram) {
  const test::TempDir dir;
  std::vector<TokenId> prompt(40);
  std::iota(prompt.begin(), prompt.end(), 3);
  Session session = NewSession();
  test::ExpectError(ErrorCode::kInvalidArgument, "holds no tokens",
                    [&] { session.Save(dir / "saved"); });
  session.Logits(prompt);
  session.Save(dir / "saved");

  const Model again(GoldenModel(), {.threads = 1});
  Session loaded(again, {.context_tokens = 64});
  EXPECT_EQ(loaded.Load(dir / "saved", prompt), prompt.size());
  const Answer answer = loaded.Generate(prompt, options_);
  EXPECT_EQ(answer.reused_tokens, prompt.size());
  EXPECT_EQ(answer.tokens, NewSession().Generate(prompt, options_).tokens);
  EXPECT_EQ(loaded.Load(dir / "saved"), prompt.size());

  prompt.push_back(9);
  EXPECT_EQ(loaded.Load(dir / "saved", prompt), 24u);  // the rest is a piece that is not short
  EXPECT_EQ(loaded.Logits(prompt), NewSession().Logits(prompt));
  Session other(again, {.context_tokens = 64, .kv_format = "f32"});
  test::ExpectError(ErrorCode::kInvalidArgument, "saved with --kv 'f16', this run has 'f32'",
                    [&] { other.Load(dir / "saved"); });
  test::ExpectError(ErrorCode::kNotFound, "nowhere", [&] { other.Load(dir / "nowhere"); });
}

}  // namespace
}  // namespace hlwq
