#include "server/http/access.h"

#include <gtest/gtest.h>

namespace hlwq::server {
namespace {

TEST(Access, KnowsItsKeys) {
  const std::vector<std::string> keys = {"sk-one", "sk-three"};
  EXPECT_TRUE(IsKnownKey(keys, "sk-one"));
  EXPECT_TRUE(IsKnownKey(keys, "sk-three"));
  for (const char* other : {"", "sk-", "sk-two", "sk-one ", "sk-threefold"}) {
    EXPECT_FALSE(IsKnownKey(keys, other)) << other;
  }
}

TEST(Access, FindsAKeyInEitherHeader) {
  EXPECT_EQ(KeyOf("Bearer sk-one", ""), "sk-one");
  EXPECT_EQ(KeyOf("bearer sk-one", "sk-two"), "sk-one");
  EXPECT_EQ(KeyOf("", "sk-two"), "sk-two");
  EXPECT_EQ(KeyOf("Basic abc", ""), "");
}

TEST(Access, OfAnotherNameIsRefused) {
  for (const char* own :
       {"localhost", "LocalHost:8080", "127.0.0.1:80", "[::1]:8080", "box.lan:1"}) {
    EXPECT_TRUE(IsOwnHost(own, {"box.lan"})) << own;
  }
  for (const char* other : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                            "[::2]", "[", "box.lan.evil"}) {
    EXPECT_FALSE(IsOwnHost(other, {"box.lan"})) << other;
  }
}

TEST(Access, IsForItsOwnPagesAndThoseThatAreNamed) {
  EXPECT_TRUE(IsAllowedOrigin("http://localhost:8080", "localhost:8080", {}));
  EXPECT_FALSE(IsAllowedOrigin("http://localhost:3000", "localhost:8080", {}));
  EXPECT_FALSE(IsAllowedOrigin("null", "localhost:8080", {}));
  EXPECT_TRUE(IsAllowedOrigin("https://chat.example", "localhost:8080", {"https://chat.example"}));
  EXPECT_TRUE(IsAllowedOrigin("null", "localhost:8080", {"*"}));
}

}  // namespace
}  // namespace hlwq::server
