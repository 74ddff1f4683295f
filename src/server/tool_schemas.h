// What a request says of the functions that may be called.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace hlwq::server {

// The function of this name in the list `tools` of a request; null where it has none.
const nlohmann::ordered_json* FunctionOf(const nlohmann::ordered_json& tools,
                                         const std::string& name);

// The type that its schema gives a parameter: "string" where it does not say, "any" where it names several.
std::string ParameterType(const nlohmann::ordered_json& tools, const std::string& function,
                          const std::string& parameter);

}  // namespace hlwq::server
