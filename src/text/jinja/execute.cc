// The part of Evaluator for statements.
#include <fmt/format.h>

#include "text/jinja/evaluator.h"
#include "text/jinja/loop.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"

namespace hlwq::text::jinja {

Evaluator::Flow Evaluator::Execute(const ast::Body& body, Scope& scope) {
  for (const ast::Statement& statement : body) {
    const Level level(*this, statement.line);
    const Flow flow =
        std::visit([&](const auto& node) { return Run(node, scope); }, statement.node);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

void Evaluator::Write(std::string_view text) {
  heap_.StepText(text.size());
  if (captures_ > 0) {
    heap_.Reserve(output_.size() + text.size());
  } else if (text.size() > heap_.limits().output_bytes - output_.size()) {
    Fail(fmt::format("the output is longer than {} bytes", heap_.limits().output_bytes));
  }
  output_ += text;
}

Evaluator::Captured Evaluator::Capture(const ast::Body& body, Scope& scope) {
  std::string outer = std::exchange(output_, {});
  ++captures_;
  // An error ends the rendering: nothing needs to be put back then.
  const Flow flow = Execute(body, scope);
  --captures_;
  std::swap(outer, output_);
  return {.text = heap_.Text(std::move(outer)), .flow = flow};
}

Evaluator::Flow Evaluator::Run(const ast::Text& text, Scope&) {
  Write(text.text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::Print& print, Scope& scope) {
  for (const auto& value : print.values) Write(ToText(heap_, Evaluate(*value, scope)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::If& statement, Scope& scope) {
  for (const auto& [test, body] : statement.branches) {
    if (IsTrue(Evaluate(*test, scope))) return Execute(body, scope);
  }
  return Execute(statement.otherwise, scope);
}

Evaluator::Flow Evaluator::Run(const ast::For& loop, Scope& scope) {
  const uint32_t line = line_;
  const Value iterated = Evaluate(*loop.items, scope);
  line_ = line;
  const auto items = Items(heap_, iterated);
  Loop::Condition condition;
  if (loop.condition != nullptr) {
    Scope* const tested = heap_.New<Scope>(&scope);
    condition = [this, tested, &loop](const Value& item) {
      Assign(loop.target, item, *tested);
      return IsTrue(Evaluate(*loop.condition, *tested));
    };
  }
  Loop* const state = heap_.New<Loop>(items, std::move(condition));
  // One scope for all turns, emptied each time: a macro defined inside sees the turn that runs.
  Scope* const inner = heap_.New<Scope>(&scope);
  bool has_completed_turn = false;
  while (state->Advance()) {
    heap_.Step();
    inner->names.clear();
    inner->Set(heap_, "loop", Value::Of(Kind::kLoop, state));
    Assign(loop.target, *state->current, *inner);
    const Flow flow = Execute(loop.body, *inner);
    if (flow == Flow::kBreak) break;
    has_completed_turn = has_completed_turn || flow == Flow::kNext;
  }
  // In Jinja, turns that break or continue do not count.
  return has_completed_turn ? Flow::kNext : Execute(loop.otherwise, *heap_.New<Scope>(&scope));
}

void Evaluator::Assign(const ast::Target& target, const Value& value, Scope& scope) {
  if (!target.targets.empty()) {
    const auto items = Items(heap_, value, "cannot unpack non-iterable {} object");
    if (items.size() != target.targets.size()) {
      Fail(fmt::format("cannot unpack: expected {} values, got {}", target.targets.size(),
                       items.size()));
    }
    for (size_t index = 0; index < items.size(); ++index) {
      Assign(target.targets[index], items[index], scope);
    }
    return;
  }
  if (target.member.empty()) {
    scope.Set(heap_, target.name, value);
    return;
  }
  const Value* const found = scope.Find(heap_, target.name);
  if (found == nullptr || !found->Is(Kind::kNamespace)) {
    Fail(fmt::format("cannot assign attribute '{}' on '{}': not a namespace", target.member,
                     target.name));
  }
  found->as<Namespace>().members.Set(heap_, Value::String(target.member), value);
}

Evaluator::Flow Evaluator::Run(const ast::Set& set, Scope& scope) {
  const uint32_t line = line_;
  const Value value = Evaluate(*set.value, scope);
  line_ = line;
  Assign(set.target, value, scope);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::SetBlock& set, Scope& scope) {
  Scope* const inner = heap_.New<Scope>(&scope);
  const auto [text, flow] = Capture(set.body, *inner);
  if (flow != Flow::kNext) return flow;  // what was captured is lost, as in Jinja
  Assign(set.target, set.filter == nullptr ? text : ApplyFilters(*set.filter, text, *inner), scope);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::MacroDefinition& definition, Scope& scope) {
  Macro* const macro = heap_.New<Macro>(definition.name, &definition.macro, &scope);
  scope.Set(heap_, definition.name, Value::Of(Kind::kMacro, macro));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::CallBlock& block, Scope& scope) {
  const auto& call = std::get<ast::Call>(block.call->node);
  const uint32_t line = line_;
  const Value callee = Evaluate(*call.callee, scope);
  Arguments arguments = EvaluateArguments(call.arguments, scope);
  Macro* const caller = heap_.New<Macro>("", &block.macro, &scope);
  arguments.keywords.emplace_back("caller", Value::Of(Kind::kMacro, caller));
  line_ = line;
  Write(ToText(heap_, Call(callee, std::move(arguments))));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::FilterBlock& block, Scope& scope) {
  Scope* const inner = heap_.New<Scope>(&scope);
  const auto [text, flow] = Capture(block.body, *inner);
  if (flow != Flow::kNext) return flow;
  Write(ToText(heap_, ApplyFilters(*block.filter, text, *inner)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::Run(const ast::With& with, Scope& scope) {
  Scope* const inner = heap_.New<Scope>(&scope);
  for (const auto& [target, value] : with.assignments) {
    Assign(target, Evaluate(*value, scope), *inner);
  }
  return Execute(with.body, *inner);
}

Evaluator::Flow Evaluator::Run(const ast::Generation& generation, Scope& scope) {
  return Execute(generation.body, *heap_.New<Scope>(&scope));
}

}  // namespace hlwq::text::jinja
