#include "text/chat_template.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/shared_data.h"

namespace hlwq::text {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

ordered_json VariablesOf(const ordered_json& golden) {
  ordered_json variables = golden["kwargs"];
  variables["messages"] = golden["messages"];
  variables["tools"] = golden["tools"];
  return variables;
}

void ExpectGoldens(const std::string& source, const std::filesystem::path& goldens) {
  const ChatTemplate chat(source);
  const ordered_json cases = ordered_json::parse(ReadText(goldens));
  ASSERT_FALSE(cases.empty());
  for (const ordered_json& golden : cases) {
    EXPECT_EQ(chat.Render(VariablesOf(golden)), golden["rendered"].get<std::string>())
        << golden["messages"];
  }
}

TEST(ChatTemplate, RendersAsTransformersDoesForQwen3) {
  const std::filesystem::path folder = test::SharedData("tokenizers/qwen3");
  HLWQ_REQUIRE_SHARED(folder);
  const json config = json::parse(ReadText(folder / "tokenizer_config.json"));
  const std::optional<std::string> source = FindChatTemplate(config, false);
  ASSERT_TRUE(source);
  ExpectGoldens(*source, folder / "golden_chat.json");
}

TEST(ChatTemplate, RendersAsTransformersDoesForQwen35) {
  const std::filesystem::path folder = test::SharedData("configs/qwen3.5-25b-a3b-reap");
  HLWQ_REQUIRE_SHARED(folder);
  ExpectGoldens(ReadText(folder / "chat_template.jinja"), folder / "golden_chat.json");
}

}  // namespace
}  // namespace hlwq::text
