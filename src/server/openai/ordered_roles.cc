#include "server/openai/ordered_roles.h"

#include <string>
#include <utility>

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

// `role`'s text goes on in the last message where that is of the same role.
void Append(ordered_json message, const char* role, ordered_json& messages) {
  message["role"] = role;
  if (messages.empty() || messages.back()["role"] != role) {
    messages.push_back(std::move(message));
    return;
  }
  auto& text = messages.back()["content"].get_ref<std::string&>();
  text += "\n\n" + message["content"].get<std::string>();
}

ordered_json WithOneSystemMessage(const ordered_json& messages) {
  ordered_json ordered = ordered_json::array();
  for (const ordered_json& message : messages) {
    const bool is_first = ordered.empty() || ordered.back()["role"] == "system";
    if (message["role"] == "system" && is_first) {
      Append(message, "system", ordered);
    } else if (message["role"] == "system" || message["role"] == "user") {
      Append(message, "user", ordered);
    } else {
      ordered.push_back(message);
    }
  }
  return ordered;
}

ordered_json WithoutSystemMessage(const ordered_json& messages) {
  ordered_json ordered = ordered_json::array();
  for (const ordered_json& message : messages) {
    if (message["role"] == "system" || message["role"] == "user") {
      Append(message, "user", ordered);
    } else {
      ordered.push_back(message);
    }
  }
  return ordered;
}

}  // namespace

std::vector<ordered_json> InOtherRoles(const ordered_json& messages) {
  std::vector<ordered_json> ways;
  for (ordered_json way : {WithOneSystemMessage(messages), WithoutSystemMessage(messages)}) {
    if (way != messages && (ways.empty() || way != ways.back())) ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace hlwq::server
