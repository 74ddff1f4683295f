#include "server/tool_schemas.h"

#include <nlohmann/json.hpp>

namespace hlwq::server {

using nlohmann::ordered_json;

const ordered_json* FunctionOf(const ordered_json& tools, const std::string& name) {
  for (const ordered_json& tool : tools) {
    if (!tool.is_object()) continue;
    const auto function = tool.find("function");
    if (function == tool.end() || !function->is_object()) continue;
    if (function->value("name", ordered_json()) == name) return &*function;
  }
  return nullptr;
}

std::string ParameterType(const ordered_json& tools, const std::string& function,
                          const std::string& parameter) {
  const ordered_json* found = FunctionOf(tools, function);
  const auto pointer = ordered_json::json_pointer("/parameters/properties") / parameter / "type";
  if (found == nullptr || !found->contains(pointer)) return "string";
  const ordered_json& type = found->at(pointer);
  return type.is_string() ? type.get<std::string>() : "any";
}

}  // namespace hlwq::server
