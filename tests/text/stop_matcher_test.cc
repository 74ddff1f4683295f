#include "text/stop_matcher.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace hlwq::text {
namespace {

using Stops = std::vector<std::string>;

// All of `text`, in pieces of `bytes`.
std::string InPieces(StopMatcher& matcher, std::string_view text, size_t bytes) {
  std::string result;
  for (size_t at = 0; at < text.size(); at += bytes) result += matcher.Push(text.substr(at, bytes));
  return result;
}

TEST(StopMatcher, WithoutStopStringsNothingIsHeldBack) {
  StopMatcher matcher;
  EXPECT_EQ(matcher.Push("any text"), "any text");
  EXPECT_EQ(matcher.Finish(), "");
}

TEST(StopMatcher, HoldsBackTheBeginningOfAStopStringUntilItIsDecided) {
  StopMatcher matcher(Stops{"\nUser:"});
  EXPECT_EQ(matcher.Push("one\n"), "one");
  EXPECT_EQ(matcher.Push("Use"), "");
  EXPECT_EQ(matcher.Push("ful\n"), "\nUseful");
  EXPECT_EQ(matcher.Finish(), "\n");
  EXPECT_FALSE(matcher.has_stopped());
}

TEST(StopMatcher, EndsBeforeTheStopStringAndIgnoresWhatFollows) {
  StopMatcher matcher(Stops{"\nUser:"});
  EXPECT_EQ(matcher.Push("one\nUs"), "one");
  EXPECT_EQ(matcher.Push("er: two"), "");
  EXPECT_TRUE(matcher.has_stopped());
  EXPECT_EQ(*matcher.found(), "\nUser:");
  EXPECT_EQ(matcher.Push("three"), "");
  EXPECT_EQ(matcher.Finish(), "");
}

TEST(StopMatcher, TheStringThatIsCompleteFirstStops) {
  StopMatcher matcher(Stops{"abcd", "bc"});
  EXPECT_EQ(matcher.Push("xabcd"), "xa");
  EXPECT_EQ(*matcher.found(), "bc");
}

TEST(StopMatcher, OfStringsThatEndTogetherTheLongestStops) {
  StopMatcher matcher(Stops{"bc", "abc", "c"});
  EXPECT_EQ(matcher.Push("xabc"), "x");
  EXPECT_EQ(*matcher.found(), "abc");
}

TEST(StopMatcher, FindsAStringThatBeginsInsideAFailedOne) {
  StopMatcher matcher(Stops{"aab"});
  EXPECT_EQ(InPieces(matcher, "aaab!", 1), "a");
  EXPECT_TRUE(matcher.has_stopped());
}

TEST(StopMatcher, KeepsUtf8SequencesWhole) {
  StopMatcher matcher(Stops{"é!"});
  EXPECT_EQ(matcher.Push("caf\u00e9"), "caf");
  EXPECT_EQ(matcher.Push("\u00e8"), "\u00e9\u00e8");
}

TEST(StopMatcher, ThePiecesDoNotMatter) {
  for (uint64_t trial = 0; trial < 2000; ++trial) {
    std::string text;
    for (uint64_t at = 0; at < 24; ++at) text += "abc"[MixBits(trial * 64 + at) % 3];
    Stops stops;
    for (uint64_t stop = 0; stop < 3; ++stop) {
      stops.push_back(text.substr(MixBits(trial * 64 + 32 + stop) % 8,
                                  1 + MixBits(trial * 64 + 40 + stop) % 5));
      stops.back() += "abc"[MixBits(trial * 64 + 48 + stop) % 3];
    }
    StopMatcher whole(stops);
    std::string expected = whole.Push(text);
    const auto found = whole.found();
    expected += whole.Finish();
    for (const size_t bytes : {1, 2, 5}) {
      StopMatcher matcher(stops);
      std::string got = InPieces(matcher, text, bytes);
      EXPECT_EQ(matcher.found(), found);
      EXPECT_EQ(got + matcher.Finish(), expected) << text;
    }
  }
}

TEST(StopMatcher, RefusesAnEmptyString) {
  try {
    StopMatcher matcher(Stops{"a", ""});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace hlwq::text
