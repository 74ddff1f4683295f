#include "text/chat_template.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/parser.h"

namespace hlwq::text {
namespace {

using jinja::Dict;
using jinja::Heap;
using jinja::Kind;
using jinja::Value;
using nlohmann::ordered_json;

constexpr int kMaxDepth = 100;

// Strings stay in the JSON.
Value ToValue(Heap& heap, const ordered_json& json, int depth) {
  if (depth > kMaxDepth) jinja::Fail("the variables are nested deeper than 100");
  switch (json.type()) {
    case ordered_json::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case ordered_json::value_t::number_integer:
      return Value::Integer(json.get<int64_t>());
    case ordered_json::value_t::number_unsigned: {
      const auto number = json.get<uint64_t>();
      if (number > uint64_t{std::numeric_limits<int64_t>::max()}) {
        jinja::Fail(
            fmt::format("the variables hold {}, which does not fit 64 bits with a sign", number));
      }
      return Value::Integer(static_cast<int64_t>(number));
    }
    case ordered_json::value_t::number_float:
      return Value::Float(json.get<double>());
    case ordered_json::value_t::string:
      return Value::String(json.get_ref<const std::string&>());
    case ordered_json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const ordered_json& item : json) items.push_back(ToValue(heap, item, depth + 1));
      return heap.List(std::move(items));
    }
    case ordered_json::value_t::object: {
      Dict* const dict = heap.New<Dict>();
      for (const auto& [key, value] : json.items()) {
        dict->Set(heap, Value::String(key), ToValue(heap, value, depth + 1));
      }
      return Value::Of(Kind::kDict, dict);
    }
    default:
      return Value::None();
  }
}

}  // namespace

struct ChatTemplate::Impl {
  jinja::ast::Body body;
};

ChatTemplate::ChatTemplate(std::string_view source)
    : impl_(std::make_unique<const Impl>(Impl{jinja::Parse(source)})) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::Render(const ordered_json& variables, TemplateLimits limits) const {
  Heap heap(limits);
  if (!variables.is_object()) {
    throw Error(ErrorCode::kInvalidData, "the variables of a template are not an object");
  }
  jinja::Scope scope(nullptr);
  for (const auto& [name, value] : variables.items()) {
    scope.names.emplace_back(name, ToValue(heap, value, 0));
  }
  return jinja::Evaluator(heap).Run(impl_->body, scope);
}

std::optional<std::string> FindChatTemplate(const nlohmann::json& tokenizer_config,
                                            bool has_tools) {
  const auto found = tokenizer_config.find("chat_template");
  if (found == tokenizer_config.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  const auto fail = [](std::string_view got) {
    throw Error(
        ErrorCode::kInvalidData,
        fmt::format("chat_template: want a string or a list of {{name, template}}, got {}", got));
  };
  if (!found->is_array()) fail(found->type_name());
  std::optional<std::string> chosen;
  for (const nlohmann::json& named : *found) {
    const auto text = [&](const char* key) -> std::string {
      if (!named.is_object() || !named.contains(key) || !named[key].is_string()) {
        fail(fmt::format("an item without a string '{}'", key));
      }
      return named[key].get<std::string>();
    };
    const std::string name = text("name");
    std::string source = text("template");
    if (name == "tool_use" && has_tools) return source;
    if (name == "default") chosen = std::move(source);
  }
  if (!chosen) fail("a list without 'default'");
  return chosen;
}

}  // namespace hlwq::text
