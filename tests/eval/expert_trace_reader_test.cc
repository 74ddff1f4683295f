#include "eval/expert_trace_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::eval {
namespace {

constexpr const char* kModel =
    R"({"format":"hlwq-expert-trace","version":1,"model":"m","layers":4,"experts":8,"top_k":2,"expert_bytes":10})"
    "\n";

TEST(ExpertTrace, IsReadAsWritten) {
  const ExpertTrace trace = ParseExpertTrace(
      std::string(kModel) + R"({"pass":0,"layer":1,"tokens":3,"experts":[0,3,7]})" + "\n" +
      R"({"pass":0,"layer":3,"tokens":3,"experts":[2,5],"more":null})" + "\r\n" +
      R"({"pass":7,"layer":1,"tokens":1,"experts":[6,7]})");
  EXPECT_EQ(trace.model, "m");
  EXPECT_EQ(trace.layers, 4u);
  EXPECT_EQ(trace.experts, 8u);
  EXPECT_EQ(trace.top_k, 2u);
  EXPECT_EQ(trace.expert_bytes, 10u);
  ASSERT_EQ(trace.requests.size(), 3u);
  const auto experts = [&](size_t at) {
    const auto span = trace.ExpertsOf(trace.requests[at]);
    return std::vector<int>(span.begin(), span.end());
  };
  EXPECT_EQ(experts(0), (std::vector{0, 3, 7}));
  EXPECT_EQ(experts(1), (std::vector{2, 5}));
  EXPECT_EQ(experts(2), (std::vector{6, 7}));
  EXPECT_EQ(trace.requests[1].layer, 3u);
  EXPECT_EQ(trace.requests[1].tokens, 3u);
  EXPECT_EQ(trace.requests[2].pass, 7u);
}

TEST(ExpertTrace, AnErrorNamesTheFileAndTheLine) {
  const test::TempDir dir;
  std::ofstream(dir / "t.jsonl") << kModel << R"({"pass":0,"layer":4,"tokens":1,"experts":[1,2]})";
  try {
    ReadExpertTrace(dir / "t.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(
        std::string(error.what()),
        (dir / "t.jsonl").string() + ": line 2: 'layer': want a whole number from 0 to 3, got 4");
  }
}

TEST(BadExpertTraces, EachIsRefusedWithOneLineThatNamesALine) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::Golden("bad/expert_trace"))) {
    SCOPED_TRACE(file.path().filename().string());
    ++files;
    try {
      ReadExpertTrace(file.path());
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      const std::string line = error.what();
      EXPECT_EQ(error.code() == ErrorCode::kUnsupported, file.path().filename() == "version-2");
      EXPECT_NE(line.find(": line "), line.npos) << line;
      EXPECT_EQ(line.find_first_of("\r\n"), line.npos) << line;
      EXPECT_LT(line.size(), 500u) << line;
    }
  }
  EXPECT_GT(files, 40u);
}

}  // namespace
}  // namespace hlwq::eval
