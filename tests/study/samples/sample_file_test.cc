#include "study/samples/sample_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "study/samples/measured_set.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::study {
namespace {

SampleSet MakeSet() {
  SampleSet set;
  set.sampler = {.arm = "ar",
                 .seed = 3,
                 .name = "t0.8",
                 .method = "next-token",
                 .temperature = 0.8,
                 .top_p = 0.9,
                 .prompt = "Once",
                 .trained_steps = 50,
                 .seconds = 1.5};
  set.samples = {{{5, 6, 7}, "Once a cat sat.\n\"é\"", 1, 4}, {{5}, "Once", 1, 4}, {{}, "", 0, 0}};
  return set;
}

TEST(SampleFile, IsReadAsItWasWritten) {
  const test::TempDir folder;
  WriteSamples(folder / "a.jsonl", MakeSet());
  EXPECT_EQ(ReadSamples(folder / "a.jsonl"), MakeSet());
}

TEST(SampleFile, NamesTheLineThatIsWrong) {
  const test::TempDir folder;
  const auto path = folder / "a.jsonl";
  const auto expect = [&](std::string_view content, std::string_view part) {
    WriteFileAtomically(path, content);
    test::ExpectError(ErrorCode::kInvalidData, part, [&] { ReadSamples(path); });
  };
  WriteSamples(path, MakeSet());
  const std::string good = ReadSmallFile(path, 1 << 20);
  expect("", "empty file");
  expect("{}", "line 1");
  expect(good + R"({"text": "x", "tokens": [1], "prompt_tokens": 2, "prompt_bytes": 0})",
         "line 5: 'prompt_tokens'");
  expect(good + R"({"text": "x", "tokens": [-1], "prompt_tokens": 0, "prompt_bytes": 0})",
         "line 5: 'tokens");
  expect(good + "{", "line 5");
}

TEST(MeasureSet, LeavesThePromptOutUnlessAsked) {
  const std::vector<int32_t> document = {5, 6, 7};
  const std::vector<std::span<const int32_t>> documents = {document};
  const MeasuredSet without = MeasureSet(MakeSet(), {.documents = documents}, {});
  EXPECT_EQ(without.diversity.first_word, "");  // of the second and the third
  EXPECT_EQ(without.diversity.tokens, 2);
  EXPECT_EQ(without.copies->most_tokens, 2);
  const MeasuredSet with =
      MeasureSet(MakeSet(), {.documents = documents}, {.counts_prompt = true, .examples = 1});
  EXPECT_EQ(with.diversity.first_word, "Once");
  EXPECT_EQ(with.diversity.tokens, 4);
  EXPECT_EQ(with.copies->most_tokens, 3);
  EXPECT_EQ(with.examples, std::vector<std::string>{MakeSet().samples[0].text});

  Measurements all = {.most_words = 20, .judge = "somebody", .sets = {without, with}};
  all.sets[0].fluency = Fluency{1.5, 0.25, 12};
  EXPECT_EQ(MeasurementsFromJson(ToJson(all)), all);
}

}  // namespace
}  // namespace hlwq::study
