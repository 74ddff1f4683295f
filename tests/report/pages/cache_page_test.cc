#include "report/pages/cache_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/report/sample_cache.h"

namespace hlwq::report {
namespace {

TEST(CachePage, DrawsALineForEachPolicyAndIsTheSameEachTime) {
  const std::string page = test::SampleCachePage();
  EXPECT_THAT(page, testing::HasSubstr("a&lt;b&gt;&amp;"));
  EXPECT_EQ(page, test::SampleCachePage());
  size_t lines = 0;
  for (size_t at = page.find("<path"); at != page.npos; at = page.find("<path", at + 1)) ++lines;
  EXPECT_EQ(lines, kCacheScopes.size() * 4);
}

}  // namespace
}  // namespace hlwq::report
