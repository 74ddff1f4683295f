#include "report/pages/kld_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/drawings/kld_drawings.h"
#include "tests/report/sample_kld.h"

namespace hlwq::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(KldPage, IsTheSameForEqualInputAndEscapesNames) {
  const std::string page = test::SampleKldPage();
  EXPECT_EQ(page, test::SampleKldPage());
  EXPECT_THAT(page, HasSubstr("model &lt;5 bits&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<5 bits>")));
  size_t drawings = 0;
  for (size_t at = page.find("<svg"); at != page.npos; at = page.find("<svg", at + 1)) ++drawings;
  EXPECT_EQ(drawings, 3u);
}

TEST(KldPage, DrawsNothingOfTooFewTokens) {
  const KldResult one = test::SampleKld(1);
  EXPECT_EQ(DrawKlHistogram(one), "");
  EXPECT_EQ(DrawKlByEntropy(one), "");
  EXPECT_EQ(DrawKlAlongText(one), "");
  EXPECT_THAT(RenderKldPage({.result = one}), Not(HasSubstr("<svg")));
}

TEST(KldPage, DrawsEqualModels) {
  KldResult equal = test::SampleKld(500);
  for (TokenError& token : equal.tokens) token.kl = 0;
  SummarizeKld(equal);
  EXPECT_THAT(DrawKlHistogram(equal), HasSubstr("500 tokens"));
  EXPECT_EQ(DrawKlAlongText(equal), "");
}

TEST(KldPage, HistogramCountsEveryToken) {
  const std::string drawing = DrawKlHistogram(test::SampleKld(4000));
  size_t tokens = 0;
  for (size_t at = drawing.find("<title>"); at != drawing.npos;
       at = drawing.find("<title>", at + 1)) {
    const size_t colon = drawing.find(": ", at);
    std::string count = drawing.substr(colon + 2, drawing.find(' ', colon + 2) - colon - 2);
    std::erase(count, ',');
    tokens += std::stoul(count);
  }
  EXPECT_EQ(tokens, 4000u);
}

TEST(KldDrawings, AxisHoldsWhatMatters) {
  const Decades decades = DecadesOf(test::SampleKld(4000));
  EXPECT_LT(decades.low, decades.high);
  EXPECT_LE(decades.high - decades.low, 8);
  EXPECT_DOUBLE_EQ(OnAxis(0, decades), decades.low);
  EXPECT_DOUBLE_EQ(OnAxis(1e9, decades), decades.high);
  EXPECT_DOUBLE_EQ(OnAxis(0.01, {-6, 1}), -2);
  EXPECT_EQ(DecadeLabel(-12), "10⁻¹²");
  EXPECT_EQ(DecadeLabel(0), "1");
}

}  // namespace
}  // namespace hlwq::report
