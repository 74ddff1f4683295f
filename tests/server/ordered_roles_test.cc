#include "server/openai/ordered_roles.h"

#include <gtest/gtest.h>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

ordered_json MessagesOf(const std::vector<std::pair<const char*, const char*>>& said) {
  ordered_json messages = ordered_json::array();
  for (const auto& [role, content] : said)
    messages.push_back({{"role", role}, {"content", content}});
  return messages;
}

TEST(OrderedRoles, WhatIsInOrderHasNoOtherWayButWithoutTheSystem) {
  EXPECT_TRUE(InOtherRoles(MessagesOf({{"user", "a"}, {"assistant", "b"}, {"user", "c"}})).empty());
  const auto ways = InOtherRoles(MessagesOf({{"system", "s"}, {"user", "a"}}));
  ASSERT_EQ(ways.size(), 1u);
  EXPECT_EQ(ways[0], MessagesOf({{"user", "s\n\na"}}));
}

TEST(OrderedRoles, SystemMessagesAreOneAndLaterOnesTheUsers) {
  const auto ways = InOtherRoles(MessagesOf({{"system", "s"},
                                             {"system", "t"},
                                             {"user", "a"},
                                             {"system", "u"},
                                             {"assistant", "b"},
                                             {"tool", "c"},
                                             {"tool", "d"},
                                             {"system", "v"}}));
  ASSERT_EQ(ways.size(), 2u);
  EXPECT_EQ(ways[0], MessagesOf({{"system", "s\n\nt"},
                                 {"user", "a\n\nu"},
                                 {"assistant", "b"},
                                 {"tool", "c"},
                                 {"tool", "d"},
                                 {"user", "v"}}));
  EXPECT_EQ(ways[1], MessagesOf({{"user", "s\n\nt\n\na\n\nu"},
                                 {"assistant", "b"},
                                 {"tool", "c"},
                                 {"tool", "d"},
                                 {"user", "v"}}));
}

// So that what was read of the conversation is read no second time.
TEST(OrderedRoles, WhatIsAddedLaterChangesNothingBefore) {
  ordered_json messages =
      MessagesOf({{"system", "s"}, {"user", "a"}, {"system", "t"}, {"assistant", "b"}});
  const ordered_json before = InOtherRoles(messages)[0];
  messages.push_back({{"role", "user"}, {"content", "c"}});
  messages.push_back({{"role", "system"}, {"content", "u"}});
  const ordered_json after = InOtherRoles(messages)[0];
  ASSERT_EQ(after.size(), before.size() + 1);
  for (size_t message = 0; message < before.size(); ++message)
    EXPECT_EQ(after[message], before[message]);
}

}  // namespace
}  // namespace hlwq::server
