#include "eval/token_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// How often each token is scored, after a look at every window's own laws.
std::vector<int> TimesScored(size_t tokens, const WindowOptions& options) {
  std::vector<int> times(tokens);
  for (const TokenWindow& window : MakeTokenWindows(tokens, options)) {
    EXPECT_EQ(window.begin % options.stride, 0u);
    EXPECT_LE(window.end - window.begin, options.window);
    EXPECT_LT(window.begin, window.first_scored) << "a token with nothing before it";
    EXPECT_LT(window.first_scored, window.end) << "a window that scores nothing";
    EXPECT_LE(window.end, tokens);
    for (size_t token = window.first_scored; token < window.end; ++token) ++times[token];
  }
  return times;
}

TEST(TokenWindows, AreThoseOfTheRecipe) {
  // What the loop of the Hugging Face page gives for 1100 tokens, max_length 512, stride 256.
  EXPECT_THAT(MakeTokenWindows(1100, {512, 256}),
              ElementsAre(TokenWindow{0, 1, 512}, TokenWindow{256, 512, 768},
                          TokenWindow{512, 768, 1024}, TokenWindow{768, 1024, 1100}));
}

TEST(TokenWindows, EndWithTheWindowThatReachesTheEnd) {
  EXPECT_THAT(MakeTokenWindows(768, {512, 256}),
              ElementsAre(TokenWindow{0, 1, 512}, TokenWindow{256, 512, 768}));
  EXPECT_THAT(MakeTokenWindows(512, {512, 256}), ElementsAre(TokenWindow{0, 1, 512}));
  EXPECT_THAT(MakeTokenWindows(2, {512, 256}), ElementsAre(TokenWindow{0, 1, 2}));
}

TEST(TokenWindows, ScoreEveryTokenButTheFirstOnce) {
  for (size_t tokens = 2; tokens < 40; ++tokens) {
    for (size_t window = 2; window < 12; ++window) {
      for (size_t stride = 1; stride < window; ++stride) {
        std::vector<int> want(tokens, 1);
        want[0] = 0;
        EXPECT_EQ(TimesScored(tokens, {window, stride}), want)
            << tokens << " " << window << " " << stride;
      }
    }
  }
}

TEST(TokenWindows, SideBySideSkipTheFirstTokenOfEach) {
  for (size_t tokens = 2; tokens < 40; ++tokens) {
    for (size_t window = 2; window < 12; ++window) {
      const std::vector<int> times = TimesScored(tokens, {window, window});
      for (size_t token = 0; token < tokens; ++token) {
        EXPECT_EQ(times[token], token % window == 0 ? 0 : 1);
      }
    }
  }
}

TEST(TokenWindows, CountScoredAndFedTokens) {
  const std::vector<TokenWindow> windows = MakeTokenWindows(1100, {512, 256});
  EXPECT_EQ(ScoredTokens(windows), 1099u);
  EXPECT_EQ(FedTokens(windows), 511u + 511u + 511u + 331u);
}

TEST(TokenWindows, RefuseWhatCannotBeScored) {
  const auto message = [](size_t tokens, WindowOptions options) -> std::string {
    try {
      MakeTokenWindows(tokens, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(0, {512, 256}), HasSubstr("at least 2 tokens to score, got 0"));
  EXPECT_THAT(message(1, {512, 256}), HasSubstr("got 1"));
  EXPECT_THAT(message(10, {1, 1}), HasSubstr("window"));
  EXPECT_THAT(message(10, {8, 9}), HasSubstr("at most the window of 8 tokens, got 9"));
  EXPECT_THAT(message(10, {8, 0}), HasSubstr("stride"));
}

}  // namespace
}  // namespace hlwq::eval
