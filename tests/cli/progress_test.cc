#include "cli/progress.h"

#include <gtest/gtest.h>

#include <vector>

#include "cli/terminal.h"

namespace hlwq::cli {
namespace {

using Mode = ProgressPrinter::Mode;

// A printer with a clock and a screen of its own.
struct Screen {
  double now = 100;
  size_t width = 200;
  std::vector<std::string> writes;

  ProgressPrinter::Output Output(Mode mode) {
    return {.mode = mode,
            .write = [this](const std::string& text) { writes.push_back(text); },
            .now_seconds = [this] { return now; },
            .width = [this] { return width; }};
  }
};

constexpr ProgressUpdate kHalf = {.item = "model.layers.3.mlp.up_proj.weight",
                                  .tensors_done = 1234,
                                  .tensors_total = 20730,
                                  .bytes_done = 35'000'000'000,
                                  .bytes_total = 70'000'000'000};

TEST(Progress, ATerminalGetsOneLineThatIsRedrawnTenTimesASecondAtMost) {
  Screen screen;
  ProgressPrinter printer("quantize", screen.Output(Mode::kLine));
  for (int step = 0; step < 1000; ++step) {
    screen.now += 0.001;
    printer.Show(kHalf);
  }
  EXPECT_LE(screen.writes.size(), 10u);
  EXPECT_GE(screen.writes.size(), 8u);
  for (const std::string& text : screen.writes) {
    EXPECT_TRUE(text.starts_with("\r"));
    EXPECT_EQ(text.find('\n'), text.npos);
  }
}

TEST(Progress, TheLineTellsTensorsBytesSpeedAndTimeLeft) {
  Screen screen;
  ProgressPrinter printer("quantize", screen.Output(Mode::kLine));
  screen.now += 20;
  printer.Show(kHalf);
  ASSERT_EQ(screen.writes.size(), 1u);
  EXPECT_EQ(
      screen.writes[0],
      "\r\x1b[Kquantize ██████████░░░░░░░░░░  50 %  1,234 of 20,730 tensors  35.0 GB of 70.0 GB  "
      "1.75 GB/s  20 s left  model.layers.3.mlp.up_proj.weight");
}

TEST(Progress, TheLineStaysNarrowerThanTheTerminal) {
  Screen screen;
  screen.width = 40;
  ProgressPrinter printer("quantize", screen.Output(Mode::kLine));
  screen.now += 20;
  printer.Show(kHalf);
  ASSERT_EQ(screen.writes.size(), 1u);
  EXPECT_EQ(DisplayWidth(screen.writes[0].substr(4)), 39u);
}

TEST(Progress, BytesOfAnEarlierRunAreNotSpeed) {
  Screen screen;
  ProgressPrinter printer("quantize", screen.Output(Mode::kPlain));
  ProgressUpdate update = kHalf;
  update.bytes_skipped = 34'000'000'000;
  screen.now += 10;
  printer.Show(update);
  ASSERT_EQ(screen.writes.size(), 1u);
  EXPECT_NE(screen.writes[0].find("0.10 GB/s  5 min 50 s left"), std::string::npos)
      << screen.writes[0];
}

TEST(Progress, WithoutATerminalThereIsAPlainLineNowAndThen) {
  Screen screen;
  ProgressPrinter printer("verify", screen.Output(Mode::kPlain));
  for (int step = 0; step < 120; ++step) {
    screen.now += 0.1;
    printer.Show(kHalf);
  }
  EXPECT_EQ(screen.writes.size(), 2u);
  EXPECT_TRUE(screen.writes[0].ends_with("\n"));
  EXPECT_EQ(screen.writes[0].find('\x1b'), std::string::npos);
}

TEST(Progress, FinishingTakesTheLineAwayOnce) {
  Screen screen;
  {
    ProgressPrinter printer("verify", screen.Output(Mode::kLine));
    screen.now += 1;
    printer.Show(kHalf);
    printer.Finish();
    EXPECT_EQ(screen.writes.back(), "\r\x1b[K");
  }
  EXPECT_EQ(screen.writes.size(), 2u);
}

TEST(Progress, WorkOnTokensTellsTokensSpeedAndWhatIsKnown) {
  Screen screen;
  ProgressPrinter printer("perplexity", screen.Output(Mode::kPlain));
  screen.now += 10;
  printer.Show(TokenProgress{5120, 20480, "perplexity 17.421"});
  ASSERT_EQ(screen.writes.size(), 1u);
  EXPECT_EQ(
      screen.writes[0],
      "perplexity  25 %  5,120 of 20,480 tokens  512 tokens/s  30 s left  perplexity 17.421\n");
}

TEST(Progress, QuietPrintsNothingAndAsksForNoCalls) {
  Screen screen;
  ProgressPrinter printer("verify", screen.Output(Mode::kQuiet));
  screen.now += 100;
  printer.Show(kHalf);
  EXPECT_TRUE(screen.writes.empty());
  EXPECT_FALSE(printer.Callback());
}

TEST(Progress, AnEmptyJobAndAnEarlyUpdateDoNotDivideByZero) {
  Screen screen;
  ProgressPrinter printer("verify", screen.Output(Mode::kPlain));
  screen.now += 10;
  printer.Show(ProgressUpdate{});
  ASSERT_EQ(screen.writes.size(), 1u);
  EXPECT_EQ(screen.writes[0], "verify 100 %  0 of 0 tensors  0 B of 0 B  0.00 GB/s  ? left\n");
}

}  // namespace
}  // namespace hlwq::cli
