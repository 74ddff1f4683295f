#include "runtime/experts/expert_trace.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/mapped_experts.h"
#include "tests/runtime/experts/fake_experts.h"
#include "tests/support/file_limit.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

constexpr const char* kHeader =
    R"({"format":"hlwq-expert-trace","version":1,"model":"qwen3_5_moe","layers":4,"experts":8,)"
    R"("top_k":2,"expert_bytes":2015232})"
    "\n";

const ExpertTraceHeader kModel = {
    .model = "qwen3_5_moe", .layers = 4, .experts = 8, .top_k = 2, .expert_bytes = 2015232};

struct Tracer {
  test::TempDir dir;
  test::FakeExperts fake{4, 8};
  model::MappedExperts mapped{fake.experts()};
  std::filesystem::path path = dir / "trace.jsonl";
  TracingExperts experts{mapped, path, kModel};

  size_t Use(size_t layer, size_t tokens, std::vector<uint32_t> wanted) {
    model::ExpertRequest request{.layer = layer, .tokens = tokens, .experts = std::move(wanted)};
    model::ExpertUse use(experts, request);
    size_t given = 0;
    for (auto ready = use.Next(); !ready.empty(); ready = use.Next()) given += ready.size();
    return given;
  }
  std::string Text() const { return ReadSmallFile(path, 1 << 30); }
};

TEST(TracingExperts, WriteOneLineForEachLayerAndPass) {
  Tracer tracer;
  EXPECT_EQ(tracer.Use(1, 3, {0, 3, 7}), 3u);
  tracer.Use(3, 3, {2, 5});
  tracer.Use(1, 1, {6, 7});  // the next pass: not behind layer 3
  tracer.Use(1, 1, {0, 1});  // and one more: the layer again
  tracer.experts.Finish();
  EXPECT_EQ(tracer.Text(), std::string(kHeader) +
                               R"({"pass":0,"layer":1,"tokens":3,"experts":[0,3,7]})"
                               "\n"
                               R"({"pass":0,"layer":3,"tokens":3,"experts":[2,5]})"
                               "\n"
                               R"({"pass":1,"layer":1,"tokens":1,"experts":[6,7]})"
                               "\n"
                               R"({"pass":2,"layer":1,"tokens":1,"experts":[0,1]})"
                               "\n");
}

TEST(TracingExperts, NoFileIsThereUntilItIsFinished) {
  Tracer tracer;
  tracer.Use(0, 1, {0, 1});
  EXPECT_FALSE(std::filesystem::exists(tracer.path));
  tracer.experts.Finish();
  const std::string text = tracer.Text();
  tracer.experts.Finish();
  EXPECT_EQ(tracer.Use(0, 1, {2, 3}), 2u);  // goes on, unrecorded
  EXPECT_EQ(tracer.Text(), text);
}

TEST(TracingExperts, RequestsOfSeveralThreadsAreWholeLines) {
  Tracer tracer;
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&tracer] {
      for (size_t round = 0; round < 8000; ++round) tracer.Use(round % 4, 2, {1, 2, 5});
    });
  }
  for (std::thread& thread : threads) thread.join();
  tracer.experts.Finish();
  // Longer than what is gathered before it is written.
  const std::string text = tracer.Text();
  EXPECT_GT(text.size(), size_t{1} << 20);
  size_t lines = 0;
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1, ++lines) {
    if (lines > 0) {
      ASSERT_TRUE(text.substr(begin, end - begin).ends_with(R"(,"tokens":2,"experts":[1,2,5]})"));
    }
  }
  EXPECT_EQ(lines, 1u + 4 * 8000);
}

TEST(TracingExperts, WhatCannotBeWrittenIsAnErrorOfTheEndAndMayBeTriedAgain) {
  Tracer tracer;
  tracer.Use(0, 1, {0, 1});
  {
    const test::FileLimit limit(10);
    try {
      tracer.experts.Finish();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
    }
  }
  EXPECT_FALSE(std::filesystem::exists(tracer.path));
  tracer.experts.Finish();
  EXPECT_EQ(tracer.Text(), std::string(kHeader) +
                               R"({"pass":0,"layer":0,"tokens":1,"experts":[0,1]})"
                               "\n");
}

TEST(TracingExperts, WhatCannotBeWrittenIsAnErrorOfTheRequestThatFillsTheBuffer) {
  Tracer tracer;
  const test::FileLimit limit(10);
  EXPECT_THROW(
      {
        for (size_t pass = 0; pass < 40'000; ++pass) tracer.Use(0, 1, {0, 1});
      },
      Error);
}

}  // namespace
}  // namespace hlwq::runtime
