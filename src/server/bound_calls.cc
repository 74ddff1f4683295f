#include "server/bound_calls.h"

#include <algorithm>
#include <utility>

#include "server/element_arguments.h"
#include "server/json_arguments.h"
#include "server/reply.h"
#include "server/tags.h"

namespace hlwq::server {

using constrain::ToolStyle;

BoundCalls::BoundCalls(nlohmann::ordered_json tools, ToolStyle style)
    : tools_(std::move(tools)), style_(style) {
  for (const auto& tool : tools_) {
    if (!tool.is_object() || !tool.contains("function") || !tool["function"].is_object()) continue;
    const auto name = tool["function"].find("name");
    if (name == tool["function"].end() || !name->is_string()) continue;
    openings_.push_back(
        {name->get<std::string>(), constrain::CallFrameOf(name->get<std::string>(), style)});
  }
}

Reading BoundCalls::Begin(std::string_view& text, Parts& to) {
  for (const Opening& opening : openings_) {
    if (!text.starts_with(opening.frame.begin)) continue;
    text.remove_prefix(opening.frame.begin.size());
    to.emplace_back(CallBegin{.id = RandomId("call_"), .name = opening.name});
    end_ = Trimmed(opening.frame.end);
    if (style_ == ToolStyle::kQwenXml) {
      arguments_ = std::make_unique<ElementArguments>(tools_, opening.name);
      end_ = kCallClose;  // the reader takes what is before it
    } else {
      arguments_ = std::make_unique<JsonArguments>();
    }
    return Reading::kWhole;
  }
  const bool may_begin = std::ranges::any_of(
      openings_, [&](const Opening& opening) { return opening.frame.begin.starts_with(text); });
  return may_begin ? Reading::kOpen : Reading::kBroken;
}

Reading BoundCalls::PushArguments(std::string& held, Parts& to) {
  CallArguments piece;
  const Reading reading = arguments_->Push(held, piece.json);
  if (!piece.json.empty()) to.emplace_back(std::move(piece));
  if (reading == Reading::kOpen) return reading;
  arguments_.reset();
  to.emplace_back(CallEnd{.is_whole = reading == Reading::kWhole});
  return reading;
}

Reading BoundCalls::Push(std::string& held, Parts& to) {
  if (arguments_) {
    const Reading reading = PushArguments(held, to);
    if (reading != Reading::kWhole) return reading;
  }
  held.erase(0, std::min(held.find_first_not_of(kBlanks), held.size()));
  if (held.starts_with(end_)) {
    held.erase(0, end_.size());
    return Reading::kWhole;
  }
  return end_.starts_with(held) ? Reading::kOpen : Reading::kBroken;
}

void BoundCalls::Finish(Parts& to) {
  if (arguments_) to.emplace_back(CallEnd{.is_whole = false});
  arguments_.reset();
}

}  // namespace hlwq::server
