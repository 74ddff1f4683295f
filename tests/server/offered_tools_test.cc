#include "server/anthropic/offered_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/openai/fields.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

constexpr const char* kOffered = R"([
    {"name": "read", "description": "reads", "input_schema": {"type": "object"}},
    {"name": "fetch", "description": "fetches", "input_schema": {"type": "object"}, "defer_loading": true},
    {"name": "other", "input_schema": {"type": "object"}, "defer_loading": true},
    {"type": "web_search_20250305", "name": "web_search"}])";

std::vector<std::string> NamesOf(const ordered_json& tools) {
  std::vector<std::string> names;
  for (const ordered_json& tool : tools) names.push_back(tool["function"]["name"]);
  return names;
}

using Names = std::vector<std::string>;

TEST(OfferedTools, ThatAreDeferredComeWithTheMessageThatRefersToThem) {
  const ordered_json given = ordered_json::parse(kOffered);
  OfferedTools tools(&given);
  EXPECT_EQ(NamesOf(tools.List()), Names{"read"});
  EXPECT_THAT(tools.TextOf({{"type", "tool_reference"}, {"tool_name", "fetch"}}),
              testing::AllOf(HasSubstr("\"fetch\""), HasSubstr("\"fetches\"")));
  EXPECT_EQ(NamesOf(tools.List()), (Names{"read", "fetch"}));
  // Still no part of the beginning.
  EXPECT_EQ(tools.List()[1]["defer_loading"], true);
  EXPECT_EQ(tools.TextOf({{"type", "tool_reference"}, {"tool_name", "nobody's"}}), "nobody's");
}

TEST(OfferedTools, ComeAndGoInTheMiddle) {
  const ordered_json given = ordered_json::parse(kOffered);
  OfferedTools tools(&given);
  const auto told = [&](const char* block) { return tools.TextOf(ordered_json::parse(block)); };
  told(R"({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "other"}})");
  EXPECT_THAT(told(R"({"type": "tool_addition", "tool": {"type": "tool_definition",
                  "definition": {"name": "new", "input_schema": {"type": "object"}}}})"),
              HasSubstr("\"new\""));
  EXPECT_EQ(NamesOf(tools.List()), (Names{"read", "other", "new"}));
  EXPECT_THAT(
      told(R"({"type": "tool_removal", "tool": {"type": "tool_reference", "name": "other"}})"),
      HasSubstr("other can no longer be called"));
  told(R"({"type": "tool_removal", "tool": {"type": "tool_reference", "name": "read"}})");
  EXPECT_EQ(NamesOf(tools.List()), (Names{"read", "new"}));
  EXPECT_THROW(told(R"({"type": "tool_addition"})"), BadRequest);
  EXPECT_THROW(told(R"({"type": "tool_removal", "tool": 5})"), BadRequest);
}

}  // namespace
}  // namespace hlwq::server
