#include "report/pages/tensor_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "report/drawings/tensor_drawings.h"
#include "report/tensor_summary.h"
#include "tests/report/sample_tensor_pages.h"
#include "tests/report/synthetic_reports.h"

namespace hlwq::report {
namespace {

using checkpoint::Role;
using checkpoint::TensorReport;
using testing::HasSubstr;
using testing::Not;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string Render(const std::vector<TensorReport>& reports) {
  TensorPageInput input;
  input.levels = test::LevelsOf(reports);
  input.tensors = reports;
  return RenderTensorPage(input);
}

size_t Occurrences(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(TensorPage, EqualInputGivesEqualBytes) {
  EXPECT_EQ(test::RenderSampleTensorPages(), test::RenderSampleTensorPages());
}

TEST(TensorPage, ThirtyThousandRecordsStayBelowTwoMegabytes) {
  const auto reports = test::MakeReports({.layers = 94, .experts = 160});
  ASSERT_GT(reports.size(), 30'000u);
  EXPECT_LT(Render(reports).size(), 2'000'000u);
}

TEST(TensorPage, ThousandsOfLayersShareColumns) {
  const auto reports = test::MakeReports({.layers = 3000});
  const std::string html = Render(reports);
  EXPECT_LT(html.size(), 2'000'000u);
  EXPECT_THAT(html, HasSubstr("layers 0 to 11:"));
}

TEST(TensorPage, EveryBitsValueGetsItsPanels) {
  const std::string html = Render(test::MakeReports({.layers = 4, .has_mixed_bits = true}));
  for (const char* bits : {"3", "4", "5", "6"}) {
    EXPECT_THAT(html, HasSubstr(std::string(bits) + " bits: rotated coordinates"));
    EXPECT_THAT(html, HasSubstr(std::string(bits) + " bits: use of each level"));
  }
  EXPECT_THAT(html, Not(HasSubstr("7 bits: ")));
}

TEST(TensorPage, ACellShowsThePooledSnrOfItsTensors) {
  // Equal signal, noise 10 and 20 dB down: together 10 log10(2 / 0.11).
  TensorReport a = test::MakeQuantized("a", Role::kExpertDown, 7, {128, 128}, 5, 0);
  TensorReport b = test::MakeQuantized("b", Role::kExpertDown, 7, {128, 128}, 5, 0);
  a.errors->signal = b.errors->signal = 1;
  a.errors->noise = 0.1;
  b.errors->noise = 0.01;
  const std::string html = Render({a, b});
  EXPECT_THAT(html,
              HasSubstr("expert down, layer 7: 12.60 dB · 5 bits · 2 tensors, 10.00 to 20.00 dB"));
}

TEST(TensorPage, NamesAreEscaped) {
  TensorReport report = test::MakeQuantized("<b>&\"'", Role::kOther, 0, {128, 128}, 5, 0);
  const std::string html = Render({report});
  EXPECT_THAT(html, HasSubstr("<code>&lt;b&gt;&amp;&quot;&#39;</code>"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

TEST(TensorPage, ZeroExactAndLostTensorsAreCountedInWords) {
  const Shape shape = {128, 128};
  std::vector<TensorReport> reports;
  for (int layer = 0; layer < 4; ++layer) {
    reports.push_back(
        test::MakeQuantized("t" + std::to_string(layer), Role::kMlpUp, layer, shape, 5, 0));
  }
  reports[0].errors->noise = 0;
  reports[1].errors->signal = reports[1].errors->noise = 0;
  reports[2].errors->noise = kInfinity;
  const std::string html = Render(reports);
  EXPECT_THAT(html, HasSubstr("1 tensor without any error is not drawn."));
  EXPECT_THAT(html, HasSubstr("1 tensor is all zero on both sides."));
  EXPECT_THAT(html, HasSubstr("1 tensor is lost"));
  EXPECT_THAT(html, HasSubstr("Values of mlp up in layer 2 are lost"));
  EXPECT_THAT(html, HasSubstr("The 2 worst tensors"));
}

TEST(TensorPage, PanelsWithoutDataAreLeftOutWithAWord) {
  const std::string compare = test::RenderSampleTensorPages().at("compare.html");
  EXPECT_THAT(compare, HasSubstr("Left out: these records hold no codes"));
  EXPECT_THAT(compare, HasSubstr("Left out: nothing was quantized"));
  EXPECT_THAT(compare, Not(HasSubstr("rotated coordinates")));
  const std::string empty = test::RenderSampleTensorPages().at("empty.html");
  EXPECT_EQ(Occurrences(empty, "<svg"), 0u);
  EXPECT_THAT(empty, HasSubstr("No errors were recorded for any tensor."));
}

TEST(TensorPage, WorstTensorsComeFirst) {
  auto reports = test::MakeReports({.layers = 8});
  reports[20].errors = test::MakeQuantized("", Role::kOther, 0, {128, 128}, 5, -9).errors;
  const std::string html = Render(reports);
  EXPECT_EQ(html.find("<code>"), html.find("<code>" + reports[20].name + "</code>"));
}

TEST(LevelsAmongCoordinates, ThoseTakenHaveTheEnergyOfWhatWasDecoded) {
  codec::ErrorStats stats;
  stats.signal = 200;
  stats.decoded = 180;
  stats.code_use = {1, 3, 3, 1};  // mean square of the levels -30, -10, 10, 30: 300
  const std::vector<float> levels =
      LevelsAmongCoordinates(std::array{-30.f, -10.f, 10.f, 30.f}, stats);
  const auto factor = static_cast<float>(std::sqrt(0.9 / 300));
  ASSERT_EQ(levels.size(), 4u);
  EXPECT_FLOAT_EQ(levels[0], -30 * factor);
  EXPECT_FLOAT_EQ(levels[2], 10 * factor);
  // Nothing counted: nothing known.
  EXPECT_EQ(LevelsAmongCoordinates(levels, {}), levels);
}

TEST(TensorPage, CodesOfMoreLevelsThanTwoToTheBitsAreAllDrawn) {
  std::vector<checkpoint::TensorReport> reports(1);
  reports[0].is_quantized = true;
  reports[0].bits = 3;
  reports[0].errors.emplace();
  reports[0].errors->signal = reports[0].errors->decoded = 1;
  std::fill_n(reports[0].errors->code_use.begin(), 16, 5);
  TensorPageInput input;
  input.tensors = reports;
  for (const bool has_table : {true, false}) {
    if (has_table) {
      for (int level = 0; level < 16; ++level) input.levels[3].push_back(level - 7.5f);
    } else {
      input.levels.clear();
    }
    const std::string html = RenderTensorPage(input);
    EXPECT_THAT(html, HasSubstr("3 bits: use of each level, 4.000 bits of entropy"));
    EXPECT_THAT(html, HasSubstr(has_table ? "level 15 at 1.6" : "level 15: 6.250 %"));
    EXPECT_THAT(html, Not(HasSubstr("level 16")));
  }
}

TEST(SnrScale, OneBadTensorDoesNotHideTheOthers) {
  std::vector<double> snrs(200, 27.2);
  for (size_t index = 0; index < 100; ++index) snrs[index] = 27.0;
  snrs.push_back(3);
  snrs.push_back(kInfinity);
  snrs.push_back(std::nan(""));
  const SnrScale scale = MakeSnrScale(snrs);
  EXPECT_GE(scale.low, 26);
  EXPECT_LE(scale.low, 27.0);
  EXPECT_GE(scale.high, 27.2);
  EXPECT_LE(scale.high, 28);
  EXPECT_EQ(scale.Hex(3), scale.Hex(-kInfinity));
}

TEST(SnrScale, IsAtLeastOneDecibelWideAndHoldsItsValues) {
  for (const double snr : {-4.1, 0.0, 26.99, 27.0, 27.49}) {
    const SnrScale scale = MakeSnrScale(std::vector{snr});
    EXPECT_GE(scale.high - scale.low, 1) << snr;
    EXPECT_LE(scale.low, snr);
    EXPECT_GE(scale.high, snr);
  }
}

}  // namespace
}  // namespace hlwq::report
