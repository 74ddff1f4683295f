#include "server/model_shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/stopwatch.h"
#include "server/openai/fields.h"
#include "tests/server/small_model.h"

namespace hlwq::server {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class ModelShelfTest : public testing::Test {
 protected:
  void Make(const ShelfLimits& limits) {
    SchedulerOptions options;
    options.cache.capacity = 1 << 15;
    options.idle_bytes = 1 << 30;
    const auto open = [this, options](const ModelShelf::Opening& opening) {
      return std::make_shared<ServedModel>(
          opening.name, [&] { return model_.Open(); },
          [&](const chat::TextModel&) {
            SchedulerOptions with_growth = options;
            with_growth.on_growth = opening.on_growth;
            return with_growth;
          },
          opening.metrics);
    };
    shelf_.emplace(std::vector<std::string>{"a", "b", "c"}, limits, open,
                   [this](const std::string& name) {
                     measured_ += name;
                     return one_;
                   });
  }
  std::string OpenNames() const {
    std::string names;
    for (const auto& [name, model] : shelf_->Entries()) {
      if (model) names += name;
    }
    return names;
  }

  test::SmallModel model_;
  // What one takes whose conversations are short.
  uint64_t one_ = chat::MemoryOf(model_->engine(), DType::kF16).Bytes(0);
  std::string measured_;
  std::optional<ModelShelf> shelf_;
};

TEST_F(ModelShelfTest, WhatExceedsTheMemoryClosesTheLeastRecentlyUsed) {
  Make({.most_open = 3, .most_bytes = 2 * one_ + one_ / 2});
  shelf_->Get("a");
  shelf_->Get("b");
  shelf_->Get("a");
  EXPECT_EQ(OpenNames(), "ab");
  EXPECT_EQ(shelf_->Get("c")->memory_bytes(), one_);
  EXPECT_EQ(OpenNames(), "ac");
  shelf_->Get("b");
  EXPECT_EQ(OpenNames(), "bc");
  EXPECT_EQ(measured_, "abc");  // later it is known
  const std::string metrics = shelf_->RenderMetrics();
  EXPECT_THAT(metrics, HasSubstr("\nhlwq_models_memory_bytes " + std::to_string(2 * one_) + "\n"));
  EXPECT_THAT(metrics, HasSubstr("\nhlwq_models_closed_total 2\n"));
  EXPECT_THAT(metrics, HasSubstr("hlwq_model_memory_bytes{model=\"a\"} 0\n"));
}

TEST_F(ModelShelfTest, OneAloneMayTakeMore) {
  Make({.most_open = 3, .most_bytes = 1});
  shelf_->Get("a");
  EXPECT_EQ(OpenNames(), "a");
  shelf_->Get("b");
  EXPECT_EQ(OpenNames(), "b");
}

TEST_F(ModelShelfTest, WhatIsBusyIsNotClosedForMemory) {
  Make({.most_open = 3, .most_bytes = 2 * one_});
  auto busy = shelf_->Get("a");
  const auto also_busy = shelf_->Get("b");
  try {
    shelf_->Get("c");
    ADD_FAILURE() << "opened";
  } catch (const BadRequest& refusal) {
    EXPECT_EQ(refusal.status, 503);
    EXPECT_EQ(refusal.code, "models_busy");
    EXPECT_THAT(refusal.message, HasSubstr("'c' needs about"));
  }
  EXPECT_EQ(OpenNames(), "ab");
  busy.reset();
  shelf_->Get("c");
  EXPECT_EQ(OpenNames(), "bc");
}

TEST_F(ModelShelfTest, ConversationsThatGrowCloseOthers) {
  Make({.most_open = 3, .most_bytes = 2 * one_ + one_ / 4});
  shelf_->Get("b");
  const auto growing = shelf_->Get("a");
  EXPECT_EQ(OpenNames(), "ab");
  Request request;
  request.generate.max_tokens = 1;
  const Stopwatch since;
  for (runtime::TokenId token = 3; OpenNames() == "ab" && since.Seconds() < 60; ++token) {
    request.prompts = {std::vector<runtime::TokenId>(4000, token)};
    const auto channel = growing->scheduler().Submit(request);
    while (channel->Next(60s)) {
    }
  }
  // Nobody asked for a model meanwhile.
  EXPECT_EQ(OpenNames(), "a");
  EXPECT_GT(growing->memory_bytes(), one_ + one_ / 4);
  EXPECT_THAT(shelf_->RenderMetrics(), HasSubstr("\nhlwq_models_closed_total 1\n"));
}

}  // namespace
}  // namespace hlwq::server
