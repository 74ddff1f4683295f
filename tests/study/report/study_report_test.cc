#include "study/report/study_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "study/report/averages.h"
#include "study/report/draw_curves.h"
#include "study/report/findings.h"
#include "study/report/study_style.h"
#include "tests/study/report/sample_study.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::study {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Turns, AreSeenOfTheArmThatTurns) {
  const StudyReport report = MakeSampleStudy();
  for (const Turn& turn : TurnsOf(report, "ar")) {
    EXPECT_TRUE(turn.HasTurned());
    EXPECT_FALSE(turn.IsFalling());
    EXPECT_NEAR(static_cast<double>(turn.best_step), 800, 200);
  }
  EXPECT_EQ(TurnsOf(report, "mdlm").size(), 3);
  for (const Turn& turn : TurnsOf(report, "mdlm")) EXPECT_FALSE(turn.HasTurned());
  EXPECT_TRUE(TurnsOf(report, "nobody").empty());
}

TEST(Averages, AreOverTheSeedsOfASetting) {
  const StudyReport report = MakeSampleStudy();
  const auto settings = GroupBySetting(report.measurements);
  EXPECT_EQ(settings.size(), 4u + 4u + 4u + 1u);
  const SettingSets* main = MainSetting(settings, "mdlm");
  ASSERT_NE(main, nullptr);
  EXPECT_EQ(main->sampler().steps, 128);
  EXPECT_EQ(main->seeds.size(), 3);
  const SeedSpread spread = main->Of([](const MeasuredSet& set) {
    return std::optional<double>(static_cast<double>(set.sampler.seed));
  });
  EXPECT_EQ(spread.mean, 2);
  EXPECT_EQ(spread.low, 1);
  EXPECT_EQ(spread.high, 3);
  EXPECT_EQ(MainSetting(settings, "ar")->sampler().prompt, "");
  EXPECT_EQ(MainSetting(settings, "nobody"), nullptr);
}

TEST(StudyPage, HasEveryPart) {
  const std::string page = RenderStudyPage(MakeSampleStudy());
  for (const char* part :
       {"Loss on validation text", "Throughput", "Self-BLEU-4", "Samples side by side",
        "a &lt;cat&gt; &amp; a dog", "3 of 3 seeds; best at step", "prompt “Once” counted",
        "--arm-2", "test NLL", "prefers-color-scheme: dark"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf")));
  EXPECT_THAT(page, Not(HasSubstr("http")));  // self-contained
}

TEST(StudyPage, OfAStudyThatHasNotBegunHasNoDrawings) {
  const StudyReport report = {.config = Preset("smoke")};
  EXPECT_TRUE(MakeDrawings(report).empty());
  EXPECT_TRUE(MakeTables(report).empty());
  EXPECT_THAT(RenderStudyPage(report), Not(HasSubstr("<svg")));
  EXPECT_THAT(RenderStudyMarkdown(report), HasSubstr("# smoke"));
}

TEST(StudyMarkdown, NamesTheFilesOfTheDrawings) {
  const StudyReport report = MakeSampleStudy();
  const std::string text = RenderStudyMarkdown(report);
  EXPECT_EQ(MakeDrawings(report).size(), 7);
  for (const NamedDrawing& drawing : MakeDrawings(report))
    EXPECT_THAT(text, HasSubstr("](" + drawing.file + ")"));
  EXPECT_THAT(text, HasSubstr("| ar |"));
}

TEST(StandaloneSvg, HasNameSpaceAndStyle) {
  const std::string svg = StandaloneSvg(MakeDrawings(MakeSampleStudy())[0].svg);
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="));
  EXPECT_THAT(svg, HasSubstr("<style>"));
}

TEST(Smooth, GivesMeansOfParts) {
  const Curve smooth = Smooth({{1, 4}, {2, 6}, {3, 0}, {4, 2}}, 2);
  ASSERT_EQ(smooth.size(), 2);
  EXPECT_EQ(smooth[0].x, 1.5);
  EXPECT_EQ(smooth[0].y, 5);
  EXPECT_EQ(smooth[1].y, 1);
  EXPECT_EQ(Smooth({{1, 4}}, 10).size(), 1);
}

std::string StepLine(int step, double loss) {
  return nlohmann::json({{"step", step},
                         {"tokens", step * 10},
                         {"loss", loss},
                         {"lr", 0.1},
                         {"tokens_per_second", 5}})
             .dump() +
         "\n";
}

TEST(LoggedRun, LeavesOutWhatAKilledAttemptLoggedLast) {
  const test::TempDir folder;
  const auto path = folder / "log.jsonl";
  const auto evaluation = [](int step, double nll) {
    return nlohmann::json({{"step", step}, {"split", "validation"}, {"nll", nll}, {"se", 0.5}})
               .dump() +
           "\n";
  };
  WriteFileAtomically(path, StepLine(1, 4) + StepLine(2, 3) + evaluation(2, 3.5) + StepLine(3, 9) +
                                evaluation(3, 9) + StepLine(2, 2.5) + evaluation(2, 3.25) +
                                StepLine(3, 2) + "{\"step\": 4, \"lo");
  const LoggedRun log = ReadLoggedRun(path, "ar", 1);
  ASSERT_EQ(log.steps.size(), 3);
  EXPECT_EQ(log.steps[1].loss, 2.5);
  EXPECT_EQ(log.steps[2].loss, 2);
  ASSERT_EQ(log.evaluations.size(), 1);
  EXPECT_EQ(log.evaluations[0].nll, 3.25);
  EXPECT_TRUE(ReadLoggedRun(folder / "none.jsonl", "ar", 1).steps.empty());

  WriteFileAtomically(path, StepLine(1, 4) + "{\"step\": 2, \"loss\": 3}\n");
  test::ExpectError(ErrorCode::kInvalidData, "line 2: 'tokens'",
                    [&] { ReadLoggedRun(path, "ar", 1); });
}

}  // namespace
}  // namespace hlwq::study
