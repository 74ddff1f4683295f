#include "server/anthropic/offered_tools.h"

#include "server/openai/fields.h"
#include "server/reply.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr const char* kDefers = "defer_loading";

// One tool; null for one of their own servers.
ordered_json ToolOf(const Fields& fields) {
  const ordered_json* schema = fields.Find("input_schema");
  if (schema == nullptr) return nullptr;
  ordered_json tool = {{"type", "function"},
                       {"function",
                        {{"name", fields.Text("name").value_or("")},
                         {"description", fields.Text("description").value_or("")},
                         {"parameters", *schema}}}};
  if (fields.Switch(kDefers, false)) tool[kDefers] = true;
  return tool;
}

}  // namespace

OfferedTools::OfferedTools(const ordered_json* given) {
  if (given == nullptr) return;
  if (!given->is_array()) throw BadRequest{"'tools': want a list, got " + ShortOf(*given), "tools"};
  for (const ordered_json& tool : *given) {
    if (ordered_json made = ToolOf(Fields(tool)); !made.is_null())
      tools_.push_back(std::move(made));
  }
}

const ordered_json* OfferedTools::Find(const std::string& name) const {
  for (const ordered_json& tool : tools_) {
    if (tool["function"]["name"] == name) return &tool;
  }
  return nullptr;
}

// What the template would have written of it.
std::string OfferedTools::Bring(const std::string& name) {
  const ordered_json* tool = Find(name);
  if (tool == nullptr) return name;
  brought_.insert(name);
  return LineOf({{"type", "function"}, {"function", (*tool)["function"]}});
}

bool OfferedTools::IsToldBy(const std::string& block_type) {
  return block_type == "tool_reference" || block_type == "tool_addition" ||
         block_type == "tool_removal";
}

std::string OfferedTools::TextOf(const ordered_json& block) {
  const Fields fields(block);
  const std::string type = fields.Text("type").value_or("");
  if (type == "tool_reference") return Bring(fields.Text("tool_name").value_or(""));
  const ordered_json* inner = fields.Find("tool");
  if (inner == nullptr) throw BadRequest{"'" + type + "': want a 'tool', got none", "messages"};
  const Fields tool(*inner);
  std::string name = tool.Text("name").value_or("");
  if (type == "tool_removal") {
    brought_.erase(name);
    return "The function " + name + " can no longer be called.";
  }
  if (const ordered_json* definition = tool.Find("definition")) {
    const Fields defined(*definition);
    name = defined.Text("name").value_or("");
    ordered_json made = ToolOf(defined);
    if (!made.is_null() && Find(name) == nullptr) {
      made[kDefers] = true;
      tools_.push_back(std::move(made));
    }
  }
  return "This function can be called from now on:\n" + Bring(name);
}

ordered_json OfferedTools::List() const {
  ordered_json list = ordered_json::array();
  for (const ordered_json& tool : tools_) {
    const bool is_here = !tool.contains(kDefers) || brought_.contains(tool["function"]["name"]);
    if (is_here) list.push_back(tool);
  }
  return list;
}

}  // namespace hlwq::server
