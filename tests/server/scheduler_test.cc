#include "server/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "tests/server/scheduled.h"
#include "tests/server/small_model.h"
#include "tests/support/await.h"
#include "tests/support/expect_error.h"

namespace hlwq::server {
namespace {

using namespace std::chrono_literals;
using runtime::TokenId;
using test::Answered;
using test::AtOnce;
using test::Collect;
using test::RandomTokens;
using test::RequestFor;

constexpr auto kLong = test::kLong;

SchedulerOptions Options() {
  return test::SchedulerOptionsOf({.format = DType::kF16, .capacity = 128});
}

// Prompts of all lengths, some of which go on from others.
std::vector<Request> MixOfRequests(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Request> requests;
  const std::vector<TokenId> common = RandomTokens(70, seed + 100);
  for (unsigned i = 0; i < 14; ++i) {
    std::vector<TokenId> prompt;
    if (i % 3 == 0) prompt.assign(common.begin(), common.begin() + 20 + random() % 50);
    const auto own = RandomTokens(1 + random() % 50, seed + i);
    prompt.insert(prompt.end(), own.begin(), own.end());
    // What comes again and again is drafted.
    if (i % 4 == 1) {
      for (size_t at = 0; prompt.size() < 100; ++at) prompt.push_back(prompt[at % 5]);
    }
    requests.push_back(RequestFor(std::move(prompt), i, 1 + random() % 20));
    if (i % 4 == 1) requests.back().generate.sampler.temperature = 0;
  }
  return requests;
}

// Without drafts, which change nothing.
std::vector<Answered> OneByOne(chat::TextModel& model, const std::vector<Request>& requests) {
  SchedulerOptions options = Options();
  options.most_drafted = 0;
  Scheduler scheduler(model, options);
  std::vector<Answered> answers;
  for (const Request& request : requests) {
    answers.push_back(Collect(*scheduler.Submit(request)).front());
  }
  return answers;
}

class SchedulerOf : public testing::TestWithParam<const char*> {
 protected:
  test::SmallModel model_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(, SchedulerOf,
                         testing::Values("llama-biases", "mistral-window", "qwen3-moe", "qwen3_5",
                                         "qwen3_next"),
                         [](const auto& of) {
                           std::string name = of.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(SchedulerOf, AnswersDoNotDependOnWhatElseRuns) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const std::vector<Request> requests = MixOfRequests(seed);
    const std::vector<Answered> alone = OneByOne(*model_, requests);
    Scheduler scheduler(*model_, Options());
    EXPECT_EQ(AtOnce(scheduler, requests), alone) << seed;
    EXPECT_GT(scheduler.metrics().passes, 0u);
  }
}

TEST_P(SchedulerOf, ExactAnswersDoNotDependOnWhatRanBefore) {
  SchedulerOptions options = Options();
  options.idle_bytes = 1 << 20;
  options.is_exact = true;
  constexpr size_t kMixes = 2;
  std::vector<std::vector<Answered>> alone;  // before another scheduler has the engine
  for (unsigned seed = 0; seed < kMixes; ++seed) {
    alone.push_back(OneByOne(*model_, MixOfRequests(seed)));
  }
  Scheduler scheduler(*model_, options);
  for (unsigned seed = 0; seed < kMixes; ++seed) {
    const std::vector<Request> requests = MixOfRequests(seed);
    size_t reused = 0;
    for (int round = 0; round < 2; ++round) {
      const std::vector<Answered> found = AtOnce(scheduler, requests);
      EXPECT_EQ(found, alone[seed]) << seed;
      for (const Answered& answer : found) reused += answer.reused;
    }
    EXPECT_GT(reused, 100u);
  }
}

TEST_P(SchedulerOf, APromptThatGoesOnCostsItsNewPart) {
  SchedulerOptions options = Options();
  options.idle_bytes = 1 << 20;
  Scheduler scheduler(*model_, options);
  std::vector<TokenId> prompt = RandomTokens(60, 1);
  const Answered first = Collect(*scheduler.Submit(RequestFor(prompt))).front();
  EXPECT_EQ(first.reused, 0u);
  prompt.insert(prompt.end(), first.tokens.begin(), first.tokens.end());
  const auto more = RandomTokens(20, 2);
  prompt.insert(prompt.end(), more.begin(), more.end());
  const Answered second = Collect(*scheduler.Submit(RequestFor(prompt))).front();
  EXPECT_EQ(second.reused, 60u + 8 - 1);  // the last token of the answer was never read
  Request anew = RequestFor(prompt);
  anew.reuses_prompts = false;
  EXPECT_EQ(Collect(*scheduler.Submit(anew)).front().reused, 0u);
}

// Turn after turn of a program that sends everything again, with thinking that it leaves out now and then.
TEST_P(SchedulerOf, AnAgentReadsNothingTwiceThatIsHeldSomewhere) {
  SchedulerOptions options = Options();
  options.cache.capacity = 8192;
  options.idle_bytes = 64 << 20;
  Scheduler scheduler(*model_, options);
  std::mt19937 random(1);
  std::vector<TokenId> prompt = RandomTokens(200, 1);
  size_t held = 0, noted = 0, read = 0, sent = 0;
  for (unsigned turn = 0; turn < 60; ++turn) {
    const Answered answer =
        Collect(*scheduler.Submit(RequestFor(prompt, turn, 6 + random() % 20))).front();
    EXPECT_GE(answer.reused, held) << turn;
    sent += prompt.size();
    read += prompt.size() - answer.reused;
    const size_t before = prompt.size();
    const size_t left_out = turn % 4 == 3 ? answer.tokens.size() / 2 : 0;
    prompt.insert(prompt.end(), answer.tokens.begin() + static_cast<ptrdiff_t>(left_out),
                  answer.tokens.end());
    const auto more = RandomTokens(17 + random() % 30, 100 + turn);
    prompt.insert(prompt.end(), more.begin(), more.end());
    // All but the last token; or what was noted before the end of the prompt.
    noted = (before - model::kShortSegment - 1) / kPieceStep * kPieceStep;
    held = left_out == 0 ? before + answer.tokens.size() - 1 : noted;
  }
  RecordProperty("sent", std::to_string(sent));
  RecordProperty("read", std::to_string(read));
  EXPECT_LT(read, sent / 20);
}

// Messages begin with token 1, <|im_start|>. Bits are those of a server that held nothing.
TEST_P(SchedulerOf, ConversationsThatShareTheirFirstMessageReadItOnce) {
  SchedulerOptions options = Options();
  options.cache.capacity = 1024;
  options.idle_bytes = 16 << 20;
  options.is_exact = true;
  const auto message = [](size_t tokens, unsigned seed) {
    std::vector<TokenId> made = RandomTokens(tokens, seed);
    std::ranges::replace(made, 1, 3);
    made.front() = 1;
    return made;
  };
  const std::vector<TokenId> first = message(300, 1);
  std::vector<Request> requests;
  for (unsigned seed = 2; seed < 5; ++seed) {
    std::vector<TokenId> prompt = first;
    const auto more = message(90, seed);
    prompt.insert(prompt.end(), more.begin(), more.end());
    requests.push_back(RequestFor(prompt, seed));
  }
  std::vector<Answered> alone, found;
  for (const Request& request : requests) {
    Scheduler fresh(*model_, options);
    alone.push_back(Collect(*fresh.Submit(request)).front());
  }
  Scheduler scheduler(*model_, options);
  for (const Request& request : requests) {
    found.push_back(Collect(*scheduler.Submit(request)).front());
  }
  EXPECT_EQ(found, alone);
  EXPECT_EQ(found[0].reused, 0u);
  EXPECT_EQ(found[1].reused, 288u);
  EXPECT_EQ(found[2].reused, 288u);
}

TEST_P(SchedulerOf, ChoicesAreAnswersWithTheNextSeeds) {
  Scheduler scheduler(*model_, Options());
  for (const size_t length : {5, 90}) {
    Request request = RequestFor(RandomTokens(length, 3), 7);
    request.choices = 9;  // more than are made at once
    const std::vector<Answered> found = Collect(*scheduler.Submit(request), 9);
    for (size_t choice = 0; choice < 9; ++choice) {
      const Answered alone =
          Collect(*scheduler.Submit(RequestFor(request.prompts.front(), 7 + choice))).front();
      EXPECT_EQ(found[choice], alone) << choice;
      EXPECT_EQ(found[choice].reused, choice > 0 && length > 50 ? 64u : 0u) << choice;
    }
  }
}

// Each as it is answered alone, also where they begin alike.
TEST_P(SchedulerOf, PromptsOfOneRequestAreAnsweredByThemselves) {
  SchedulerOptions options = Options();
  options.idle_bytes = 1 << 20;
  options.is_exact = true;
  Request request = RequestFor(RandomTokens(70, 1), 3);
  for (const size_t tokens : {90, 5, 70, 40}) {
    request.prompts.push_back(RandomTokens(tokens, tokens == 70 ? 1 : 2));
  }
  request.choices = 2;
  std::vector<Answered> alone;
  for (const auto& prompt : request.prompts) {
    for (unsigned choice = 0; choice < request.choices; ++choice) {
      Scheduler scheduler(*model_, options);
      alone.push_back(Collect(*scheduler.Submit(RequestFor(prompt, 3 + choice))).front());
    }
  }
  Scheduler scheduler(*model_, options);
  EXPECT_EQ(Collect(*scheduler.Submit(request), request.answers()), alone);
}

class SchedulerTest : public testing::Test {
 protected:
  test::SmallModel model_;

  Request Endless(unsigned seed = 1) {
    Request request = RequestFor(RandomTokens(20, seed));
    request.generate.max_tokens = 100000;
    request.generate.ignores_eos = true;
    return request;
  }
};

TEST_F(SchedulerTest, ACancelledRequestMakesRoomForOthers) {
  SchedulerOptions options = Options();
  options.most_active = 1;
  options.cache.capacity = 100000;
  Scheduler scheduler(*model_, options);
  const auto endless = scheduler.Submit(Endless());
  const auto waiting = scheduler.Submit(Endless());
  const auto last = scheduler.Submit(RequestFor(RandomTokens(20, 2)));
  ASSERT_TRUE(endless->Next(kLong));
  waiting->Cancel();
  endless->Cancel();
  EXPECT_EQ(Collect(*endless).front().reason, "stopped");
  EXPECT_EQ(Collect(*last).front().tokens.size(), 8u);
}

TEST(AnswerChannelTest, TakesNothingAfterAFailure) {
  AnswerChannel channel(2);
  channel.Push(Failure{"no"});
  EXPECT_TRUE(channel.is_cancelled());
  channel.Push(End{.choice = 1});
  EXPECT_TRUE(std::holds_alternative<Failure>(*channel.Next(kLong)));
  EXPECT_TRUE(channel.is_over());
  EXPECT_FALSE(channel.Next(kLong));
}

TEST_F(SchedulerTest, IdleSequencesStayWithinTheirMemory) {
  SchedulerOptions options = Options();
  const runtime::KvLayout layout(model_->config(), options.cache.format);
  options.idle_bytes = 3 * layout.page_bytes();
  Scheduler scheduler(*model_, options);
  for (unsigned seed = 0; seed < 6; ++seed)
    Collect(*scheduler.Submit(RequestFor(RandomTokens(50, seed))));
  // Noted when an answer has been retired, which is after it was told.
  test::Await([&] { return scheduler.metrics().active == 0; });
  EXPECT_LE(scheduler.metrics().idle_bytes, options.idle_bytes);
  EXPECT_GT(Collect(*scheduler.Submit(RequestFor(RandomTokens(50, 5)))).front().reused, 0u);
  EXPECT_EQ(Collect(*scheduler.Submit(RequestFor(RandomTokens(50, 0)))).front().reused, 0u);
}

TEST_F(SchedulerTest, AFullContextEndsTheAnswer) {
  Scheduler scheduler(*model_, Options());
  const Answered answer = Collect(*scheduler.Submit(Endless())).front();
  EXPECT_EQ(answer.reason, "context_full");
  EXPECT_EQ(answer.tokens.size(), 128u - 20 + 1);
}

TEST_F(SchedulerTest, AFullQueueTakesNoMore) {
  SchedulerOptions options = Options();
  options.most_active = 1;
  options.most_waiting = 2;
  options.cache.capacity = 100000;
  Scheduler scheduler(*model_, options);
  const auto running = scheduler.Submit(Endless());
  ASSERT_TRUE(running->Next(kLong));
  EXPECT_TRUE(scheduler.Submit(Endless()));
  EXPECT_TRUE(scheduler.Submit(Endless()));
  EXPECT_FALSE(scheduler.Submit(Endless()));
}

TEST_F(SchedulerTest, RefusesWhatCannotBeAnswered) {
  Scheduler scheduler(*model_, Options());
  const auto refusal = [&](const Request& request) {
    return test::ExpectError(ErrorCode::kInvalidArgument, "", [&] { scheduler.Submit(request); });
  };
  refusal(RequestFor({}));
  refusal(RequestFor(RandomTokens(128, 1)));
  refusal(RequestFor({100000}));
  Request stops = RequestFor({1, 2});
  stops.stops = {""};
  refusal(stops);
  Request cold = RequestFor({1, 2});
  cold.generate.sampler.temperature = -1;
  refusal(cold);
}

TEST_F(SchedulerTest, EndsWithAnswersUnderWay) {
  std::shared_ptr<AnswerChannel> running, waiting;
  {
    SchedulerOptions options = Options();
    options.most_active = 1;
    options.cache.capacity = 100000;
    Scheduler scheduler(*model_, options);
    running = scheduler.Submit(Endless());
    waiting = scheduler.Submit(Endless());
    ASSERT_TRUE(running->Next(kLong));
  }
  for (const auto& channel : {running, waiting}) {
    bool has_failed = false;
    while (const auto event = channel->Next(kLong))
      has_failed |= std::holds_alternative<Failure>(*event);
    EXPECT_TRUE(has_failed);
  }
}

TEST_F(SchedulerTest, AStopStringEndsTheAnswerBeforeIt) {
  Scheduler scheduler(*model_, Options());
  const Request request = RequestFor(RandomTokens(20, 4), 5, 40);
  const Answered whole = Collect(*scheduler.Submit(request)).front();
  ASSERT_GT(whole.text.size(), 6u);
  Request stopped = request;
  stopped.stops = {whole.text.substr(4, 2)};
  const Answered answer = Collect(*scheduler.Submit(stopped)).front();
  EXPECT_EQ(answer.reason, "stop");
  EXPECT_EQ(answer.text, whole.text.substr(0, whole.text.find(stopped.stops[0])));
}

}  // namespace
}  // namespace hlwq::server
