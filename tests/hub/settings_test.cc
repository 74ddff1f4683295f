#include "hub/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "tests/hub/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::hub {
namespace {

Settings With(std::map<std::string, std::string> values) {
  return SettingsFrom([&](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Settings, TheCacheIsWhereTheHubsToolsHaveIt) {
  EXPECT_EQ(With({{"HOME", "/h"}}).cache, "/h/.cache/huggingface/hub");
  EXPECT_EQ(With({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}}).cache, "/x/huggingface/hub");
  EXPECT_EQ(With({{"HOME", "/h"}, {"HF_HOME", "~/hf"}}).cache, "/h/hf/hub");
  EXPECT_EQ(With({{"HF_HOME", "/hf"}, {"HF_HUB_CACHE", "/c"}}).cache, "/c");
}

TEST(Settings, TheTokenIsThatOfTheEnvironmentElseOfTheFile) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "token", "from-file\n");
  EXPECT_EQ(With({{"HF_HOME", dir.path()}}).token, "from-file");
  EXPECT_EQ(With({{"HF_HOME", dir.path()}, {"HF_TOKEN", " here "}}).token, "here");
  EXPECT_EQ(With({{"HF_HOME", "/absent"}}).token, "");
  EXPECT_EQ(With({{"HF_HOME", "/absent"}, {"HF_TOKEN_PATH", dir / "token"}}).token, "from-file");
}

TEST(Settings, ATokenThatWouldMakeAFieldOfItsOwnIsRefusedAndNotShown) {
  const std::string line = test::LineOf(ErrorCode::kInvalidArgument, [] {
    With({{"HF_TOKEN", "secret\r\nX-Evil: 1"}});
  });
  EXPECT_EQ(line, "HF_TOKEN: want a token of one word");
}

TEST(Settings, TheEndpointIsAUrlWithoutSlash) {
  EXPECT_EQ(With({}).endpoint, "https://huggingface.co");
  EXPECT_EQ(With({{"HF_ENDPOINT", "http://hub.local:8080//"}}).endpoint, "http://hub.local:8080");
  test::LineOf(ErrorCode::kInvalidArgument, [] { With({{"HF_ENDPOINT", "ftp://x"}}); });
}

TEST(Settings, OfflineIsSaidInSeveralWays) {
  EXPECT_FALSE(With({}).is_offline);
  EXPECT_FALSE(With({{"HF_HUB_OFFLINE", "0"}}).is_offline);
  EXPECT_TRUE(With({{"HF_HUB_OFFLINE", "1"}}).is_offline);
  EXPECT_TRUE(With({{"HF_HUB_OFFLINE", "true"}}).is_offline);
}

}  // namespace
}  // namespace hlwq::hub
