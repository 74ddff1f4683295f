// The tools of a request in Anthropic's API, some of which its messages bring in.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace hlwq::server {

// Tools with `defer_loading` are no part of the prompt's beginning, and cannot be called, before a message refers to
// them: what was read before stays as it is. There the model is shown what they are.
class OfferedTools {
 public:
  // The request's list, or null. Tools without a schema are those of Anthropic's own servers, and left out.
  // Throws BadRequest.
  explicit OfferedTools(const nlohmann::ordered_json* given);

  // What stands in a message, in words for the model: blocks of types tool_reference, tool_addition and tool_removal.
  // Throws BadRequest.
  std::string TextOf(const nlohmann::ordered_json& block);
  static bool IsToldBy(const std::string& block_type);

  // All that may be called after the messages, in the form of the other API. One that was at the beginning and is
  // removed stays there: what was read of it is true still, and a call of it gets the client's refusal.
  nlohmann::ordered_json List() const;

 private:
  nlohmann::ordered_json tools_ = nlohmann::ordered_json::array();
  std::set<std::string> brought_;  // names of those that a message brought in

  const nlohmann::ordered_json* Find(const std::string& name) const;
  std::string Bring(const std::string& name);
};

}  // namespace hlwq::server
