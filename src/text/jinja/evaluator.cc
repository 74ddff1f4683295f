#include "text/jinja/evaluator.h"

#include <fmt/format.h>

#include "base/error.h"
#include "text/jinja/functions.h"
#include "text/jinja/operators.h"
#include "text/jinja/to_text.h"

namespace hlwq::text::jinja {
namespace {

// Nodes that are being evaluated: trees are at most 400 high, the rest is macros that call macros.
constexpr int kMaxDepth = 1200;

}  // namespace

std::string Evaluator::Run(const ast::Body& body, Scope& variables) {
  Scope* const scope = heap_.New<Scope>(&variables);
  try {
    Execute(body, *scope);
  } catch (Error& error) {
    // What raise_exception says is for the reader of the conversation, not of the template.
    if (error.code() != ErrorCode::kInvalidArgument) {
      error.AddContext(fmt::format("line {}", line_));
    }
    throw;
  }
  return std::move(output_);
}

Evaluator::Level::Level(Evaluator& evaluator, uint32_t line) : evaluator_(evaluator) {
  evaluator_.line_ = line;
  evaluator_.heap_.Step();
  if (evaluator_.depth_ >= kMaxDepth) Fail("macros or expressions nested too deep");
  ++evaluator_.depth_;
}

Value Evaluator::Evaluate(const ast::Expression& expression, Scope& scope) {
  const Level level(*this, expression.line);
  return std::visit([&](const auto& node) { return Run(node, scope); }, expression.node);
}

Value Evaluator::Run(const ast::Literal& literal, Scope&) {
  struct Visitor {
    Value operator()(ast::None) const { return Value::None(); }
    Value operator()(bool value) const { return Value::Bool(value); }
    Value operator()(int64_t value) const { return Value::Integer(value); }
    Value operator()(double value) const { return Value::Float(value); }
    Value operator()(const std::string& value) const { return Value::String(value); }
  };
  return std::visit(Visitor{}, literal.value);
}

Value Evaluator::Run(const ast::Name& name, Scope& scope) {
  if (const Value* found = scope.Find(heap_, name.name)) return *found;
  if (const Function* function = FindFunction(name.name)) return Value::Of(function);
  return Value::Undefined(Missing::kVariable, name.name);
}

Value Evaluator::Run(const ast::ListLiteral& list, Scope& scope) {
  std::vector<Value> items;
  items.reserve(list.items.size());
  for (const auto& item : list.items) items.push_back(Evaluate(*item, scope));
  return heap_.NewSequence(list.is_tuple ? Kind::kTuple : Kind::kList, std::move(items));
}

Value Evaluator::Run(const ast::DictLiteral& literal, Scope& scope) {
  Dict* const dict = heap_.New<Dict>();
  for (const auto& [key, value] : literal.entries) {
    const Value made_key = Evaluate(*key, scope);
    dict->Set(heap_, made_key, Evaluate(*value, scope));
  }
  return Value::Of(Kind::kDict, dict);
}

Value Evaluator::Run(const ast::Unary& unary, Scope& scope) {
  const Value operand = Evaluate(*unary.operand, scope);
  switch (unary.operation) {
    case ast::UnaryOperator::kNot:
      return Value::Bool(!IsTrue(operand));
    case ast::UnaryOperator::kNegate:
      return Negate(operand);
    case ast::UnaryOperator::kPositive:
      return Positive(operand);
  }
  return Value::None();
}

Value Evaluator::Run(const ast::Binary& binary, Scope& scope) {
  const uint32_t line = line_;
  const Value left = Evaluate(*binary.left, scope);
  const Value right = Evaluate(*binary.right, scope);
  line_ = line;
  return Apply(heap_, binary.operation, left, right);
}

// One of the operands, as in Python.
Value Evaluator::Run(const ast::Logic& logic, Scope& scope) {
  const Value left = Evaluate(*logic.left, scope);
  return IsTrue(left) == logic.is_and ? Evaluate(*logic.right, scope) : left;
}

Value Evaluator::Run(const ast::Comparison& comparison, Scope& scope) {
  const uint32_t line = line_;
  Value left = Evaluate(*comparison.first, scope);
  for (const auto& [operation, operand] : comparison.rest) {
    const Value right = Evaluate(*operand, scope);
    line_ = line;
    if (!Compare(heap_, operation, left, right)) return Value::Bool(false);
    left = right;
  }
  return Value::Bool(true);
}

Value Evaluator::Run(const ast::Concat& concat, Scope& scope) {
  std::string text;
  for (const auto& part : concat.parts) {
    const std::string_view more = ToText(heap_, Evaluate(*part, scope));
    heap_.StepText(more.size());
    heap_.Reserve(text.size() + more.size());
    text += more;
  }
  return heap_.Text(std::move(text));
}

Value Evaluator::Run(const ast::Conditional& conditional, Scope& scope) {
  if (IsTrue(Evaluate(*conditional.test, scope))) return Evaluate(*conditional.then, scope);
  if (conditional.otherwise != nullptr) return Evaluate(*conditional.otherwise, scope);
  return Value::Undefined(Missing::kMessage,
                          "the inline if-expression evaluated to false and no else section was "
                          "defined.");
}

Value Evaluator::Run(const ast::Attribute& attribute, Scope& scope) {
  const uint32_t line = line_;
  const Value object = Evaluate(*attribute.object, scope);
  line_ = line;
  return GetAttribute(heap_, object, attribute.name);
}

Value Evaluator::Run(const ast::Subscript& subscript, Scope& scope) {
  const uint32_t line = line_;
  const Value object = Evaluate(*subscript.object, scope);
  const Value key = Evaluate(*subscript.key, scope);
  line_ = line;
  return GetItem(heap_, object, key);
}

Value Evaluator::Run(const ast::Slice& slice, Scope& scope) {
  const uint32_t line = line_;
  const Value object = Evaluate(*slice.object, scope);
  const auto bound = [&](const ast::ExpressionPtr& part) -> std::optional<int64_t> {
    if (part == nullptr) return std::nullopt;
    const Value value = Evaluate(*part, scope);
    if (value.Is(Kind::kNone)) return std::nullopt;
    if (!value.IsIntegral()) Fail("slice indices must be integers or None");
    return value.integer();
  };
  SliceBounds bounds;
  bounds.start = bound(slice.start);
  bounds.stop = bound(slice.stop);
  bounds.step = bound(slice.step);
  line_ = line;
  return GetSlice(heap_, object, bounds);
}

void Evaluator::Refuse(const std::string& what) {
  throw Error(ErrorCode::kUnsupported, what + " is not supported");
}

Value Evaluator::Run(const ast::Test& test, Scope& scope) {
  const uint32_t line = line_;
  const Value operand = Evaluate(*test.operand, scope);
  const Arguments arguments = EvaluateArguments(test.arguments, scope);
  line_ = line;
  return Value::Bool(test.function(heap_, operand, arguments));
}

}  // namespace hlwq::text::jinja
