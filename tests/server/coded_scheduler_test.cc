// Requests whose keys and values are coded.
#include "server/scheduler.h"

#include <gtest/gtest.h>

#include "tests/server/scheduled.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using runtime::TokenId;
using test::Answered;
using test::AtOnce;
using test::Collect;
using test::RandomTokens;
using test::RequestFor;

TEST(CodedScheduler, ExactAnswersAreThoseOfEachAlone) {
  test::SmallModel model("qwen3_5");
  SchedulerOptions options =
      test::SchedulerOptionsOf({.format = runtime::KvFormat::Parse("k4v3"), .capacity = 512});
  options.idle_bytes = 4 << 20;
  options.is_exact = true;
  std::vector<Request> requests;
  const std::vector<TokenId> common = RandomTokens(200, 1);
  for (unsigned i = 0; i < 8; ++i) {
    std::vector<TokenId> prompt(common.begin(), common.begin() + 40 + 20 * i);
    const auto own = RandomTokens(30 + 25 * i, 2 + i);
    prompt.insert(prompt.end(), own.begin(), own.end());
    requests.push_back(RequestFor(std::move(prompt), i, 12));
  }
  std::vector<Answered> alone;
  for (const Request& request : requests) {
    Scheduler fresh(*model, options);
    alone.push_back(Collect(*fresh.Submit(request)).front());
  }
  Scheduler scheduler(*model, options);
  size_t reused = 0;
  for (int round = 0; round < 2; ++round) {
    const std::vector<Answered> found = AtOnce(scheduler, requests);
    EXPECT_EQ(found, alone);
    for (const Answered& answer : found) reused += answer.reused;
  }
  EXPECT_GT(reused, 500u);
}

}  // namespace
}  // namespace hlwq::server
