#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hlwq::cli {
namespace {

using ::testing::ElementsAre;

TEST(Wrap, BreaksAtSpacesAndKeepsParagraphs) {
  EXPECT_THAT(Wrap("aa bb cc", 5), ElementsAre("aa bb", "cc"));
  EXPECT_THAT(Wrap("aa\n\nbb", 5), ElementsAre("aa", "", "bb"));
  EXPECT_THAT(Wrap("overlong a", 4), ElementsAre("overlong", "a"));
  EXPECT_THAT(Wrap("  kept as it is", 4), ElementsAre("  kept as it is"));
  EXPECT_THAT(Wrap("", 4), ElementsAre(""));
}

}  // namespace
}  // namespace hlwq::cli
