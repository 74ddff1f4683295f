// Calls of tools that a grammar binds to their format, told while they come.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/tool_formats.h"
#include "server/answer_parts.h"
#include "server/call_arguments.h"

namespace hlwq::server {

// The calls of an answer, one after another. Where one is not of the format, it ends as one that was cut off, and the
// text from there on is left to the caller.
class BoundCalls {
 public:
  // Of the functions of the request's tools.
  BoundCalls(nlohmann::ordered_json tools, constrain::ToolStyle style);

  constrain::ToolStyle style() const noexcept { return style_; }

  // Begins a call where `text`, which begins with what should be one, has its name and all before its arguments. kWhole:
  // it has begun, and `text` is past that.
  Reading Begin(std::string_view& text, Parts& to);
  // Goes on with the call that has begun, and takes it from the front of `held`. kWhole: up to its end.
  Reading Push(std::string& held, Parts& to);
  // The answer ends inside of it.
  void Finish(Parts& to);

 private:
  struct Opening {
    std::string name;
    constrain::CallFrame frame;
  };

  nlohmann::ordered_json tools_;
  constrain::ToolStyle style_;
  std::vector<Opening> openings_;
  std::unique_ptr<CallArgumentsReader> arguments_;  // null once they are complete
  std::string end_;                                 // what then must come

  Reading PushArguments(std::string& held, Parts& to);
};

}  // namespace hlwq::server
