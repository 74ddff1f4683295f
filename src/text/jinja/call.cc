// The part of Evaluator for calls: functions, methods, macros, filters.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/evaluator.h"
#include "text/jinja/markup.h"
#include "text/jinja/operators.h"

namespace hlwq::text::jinja {

Arguments Evaluator::EvaluateArguments(const ast::CallArguments& arguments, Scope& scope) {
  Arguments evaluated;
  evaluated.positional.reserve(arguments.positional.size());
  for (const auto& argument : arguments.positional) {
    evaluated.positional.push_back(Evaluate(*argument, scope));
  }
  for (const auto& [name, argument] : arguments.keywords) {
    evaluated.keywords.emplace_back(name, Evaluate(*argument, scope));
  }
  if (arguments.list != nullptr) {
    const auto items = Items(heap_, Evaluate(*arguments.list, scope));
    heap_.Step(items.size());
    evaluated.positional.insert(evaluated.positional.end(), items.begin(), items.end());
  }
  if (arguments.dict != nullptr) {
    const Value dict = Evaluate(*arguments.dict, scope);
    if (!dict.Is(Kind::kDict)) Fail("the argument behind ** must be a mapping");
    for (const Dict::Entry& entry : dict.as<Dict>().entries()) {
      if (!entry.key.Is(Kind::kString)) Fail("keywords must be strings");
      const std::string_view name = entry.key.text();
      heap_.Step(1 + evaluated.keywords.size());
      if (std::ranges::any_of(evaluated.keywords,
                              [&](const auto& known) { return known.first == name; })) {
        Fail(fmt::format("got multiple values for keyword argument '{}'", name));
      }
      evaluated.keywords.emplace_back(name, entry.value);
    }
  }
  return evaluated;
}

Value Evaluator::Run(const ast::Call& call, Scope& scope) {
  const uint32_t line = line_;
  const Value callee = Evaluate(*call.callee, scope);
  Arguments arguments = EvaluateArguments(call.arguments, scope);
  line_ = line;
  return Call(callee, std::move(arguments));
}

Value Evaluator::Call(const Value& callee, Arguments arguments) {
  switch (callee.kind()) {
    case Kind::kFunction:
      return callee.function()->call(heap_, arguments);
    case Kind::kMethod: {
      const Method& method = callee.as<Method>();
      return LikeMarkup(method.self, method.call(heap_, method.self, arguments));
    }
    case Kind::kMacro:
      return CallMacro(callee.as<Macro>(), std::move(arguments));
    case Kind::kJoiner: {
      const Parameters none("joiner", arguments, {});
      Joiner& joiner = callee.as<Joiner>();
      return Value::String(std::exchange(joiner.is_used, true) ? joiner.separator : "");
    }
    case Kind::kLoop:
      Fail("the loop must have the 'recursive' marker to be called recursively");
    default:
      RequireDefined(callee);
      Fail(fmt::format("'{}' object is not callable", TypeName(callee.kind())));
  }
}

Value Evaluator::CallMacro(const Macro& macro, Arguments arguments) {
  const uint32_t line = line_;
  const Level level(*this, line);
  Scope* const scope = heap_.New<Scope>(macro.scope);
  BindParameters(macro, std::move(arguments), *scope);
  const Value text = Capture(macro.body->body, *scope).text;
  line_ = line;
  return text;
}

void Evaluator::BindParameters(const Macro& macro, Arguments arguments, Scope& scope) {
  const auto& parameters = macro.body->parameters;
  auto& keywords = arguments.keywords;
  const auto take_keyword = [&](std::string_view name) -> std::optional<Value> {
    const auto found =
        std::ranges::find(keywords, name, &std::pair<std::string_view, Value>::first);
    if (found == keywords.end()) return std::nullopt;
    const Value value = found->second;
    keywords.erase(found);
    return value;
  };
  bool has_caller_parameter = false;
  for (size_t index = 0; index < parameters.size(); ++index) {
    const ast::Parameter& parameter = parameters[index];
    has_caller_parameter = has_caller_parameter || parameter.name == "caller";
    std::optional<Value> value;
    if (index < arguments.positional.size()) {
      value = arguments.positional[index];
    } else {
      value = take_keyword(parameter.name);
    }
    if (!value && parameter.value != nullptr) value = Evaluate(*parameter.value, scope);
    if (!value) {
      value = Value::Undefined(
          Missing::kMessage,
          heap_.Text(fmt::format("parameter '{}' was not provided", parameter.name)).text());
    }
    scope.Set(heap_, parameter.name, *value);
  }
  if (macro.body->uses_caller && !has_caller_parameter) {
    scope.Set(
        heap_, "caller",
        take_keyword("caller").value_or(Value::Undefined(Missing::kMessage, "No caller defined")));
  }
  if (macro.body->uses_kwargs) {
    Dict* const rest = heap_.New<Dict>();
    for (const auto& [name, value] : keywords) rest->Set(heap_, Value::String(name), value);
    scope.Set(heap_, "kwargs", Value::Of(Kind::kDict, rest));
  } else if (!keywords.empty()) {
    Fail(fmt::format("macro '{}' takes no keyword argument '{}'", macro.name, keywords[0].first));
  }
  const size_t taken = std::min(parameters.size(), arguments.positional.size());
  std::vector<Value> rest(arguments.positional.begin() + static_cast<std::ptrdiff_t>(taken),
                          arguments.positional.end());
  if (macro.body->uses_varargs) {
    scope.Set(heap_, "varargs", heap_.Tuple(std::move(rest)));
  } else if (!rest.empty()) {
    Fail(fmt::format("macro '{}' takes not more than {} argument(s)", macro.name,
                     parameters.size()));
  }
}

Value Evaluator::Run(const ast::Filter& filter, Scope& scope) {
  const uint32_t line = line_;
  const Value operand = Evaluate(*filter.operand, scope);
  const Arguments arguments = EvaluateArguments(filter.arguments, scope);
  line_ = line;
  return filter.function(heap_, operand, arguments);
}

Value Evaluator::ApplyFilters(const ast::Expression& expression, const Value& text, Scope& scope) {
  const Level level(*this, expression.line);
  if (const auto* other = std::get_if<ast::Unsupported>(&expression.node)) Refuse(other->what);
  const auto& filter = std::get<ast::Filter>(expression.node);
  const Value operand =
      filter.operand == nullptr ? text : ApplyFilters(*filter.operand, text, scope);
  return filter.function(heap_, operand, EvaluateArguments(filter.arguments, scope));
}

}  // namespace hlwq::text::jinja
