// Runs the tree of a template.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/ast.h"
#include "text/jinja/heap.h"
#include "text/jinja/scope.h"

namespace hlwq::text::jinja {

// For one rendering. Borrows the heap and the tree.
class Evaluator {
 public:
  explicit Evaluator(Heap& heap) : heap_(heap) {}

  // The text of the template. Throws Error as ChatTemplate::Render says.
  std::string Run(const ast::Body& body, Scope& variables);

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // One node deeper, at its line. Throws Error{kInvalidData} when it gets too deep for the stack.
  class Level {
   public:
    Level(Evaluator& evaluator, uint32_t line);
    ~Level() { --evaluator_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Evaluator& evaluator_;
  };

  // evaluator.cc: expressions.
  Value Evaluate(const ast::Expression& expression, Scope& scope);
  Value Run(const ast::Literal& literal, Scope& scope);
  Value Run(const ast::Name& name, Scope& scope);
  Value Run(const ast::ListLiteral& list, Scope& scope);
  Value Run(const ast::DictLiteral& dict, Scope& scope);
  Value Run(const ast::Unary& unary, Scope& scope);
  Value Run(const ast::Binary& binary, Scope& scope);
  Value Run(const ast::Logic& logic, Scope& scope);
  Value Run(const ast::Comparison& comparison, Scope& scope);
  Value Run(const ast::Concat& concat, Scope& scope);
  Value Run(const ast::Conditional& conditional, Scope& scope);
  Value Run(const ast::Attribute& attribute, Scope& scope);
  Value Run(const ast::Subscript& subscript, Scope& scope);
  Value Run(const ast::Slice& slice, Scope& scope);
  Value Run(const ast::Call& call, Scope& scope);
  Value Run(const ast::Filter& filter, Scope& scope);
  Value Run(const ast::Test& test, Scope& scope);
  Value Run(const ast::Unsupported& part, Scope&) { Refuse(part.what); }

  // call.cc: calls and macros.
  Arguments EvaluateArguments(const ast::CallArguments& arguments, Scope& scope);
  Value Call(const Value& callee, Arguments arguments);
  Value CallMacro(const Macro& macro, Arguments arguments);
  void BindParameters(const Macro& macro, Arguments arguments, Scope& scope);
  // The filters of a block, on its text.
  Value ApplyFilters(const ast::Expression& filter, const Value& text, Scope& scope);

  // execute.cc: statements.
  Flow Execute(const ast::Body& body, Scope& scope);
  Flow Run(const ast::Text& text, Scope& scope);
  Flow Run(const ast::Print& print, Scope& scope);
  Flow Run(const ast::If& statement, Scope& scope);
  Flow Run(const ast::For& loop, Scope& scope);
  Flow Run(const ast::Set& set, Scope& scope);
  Flow Run(const ast::SetBlock& set, Scope& scope);
  Flow Run(const ast::MacroDefinition& definition, Scope& scope);
  Flow Run(const ast::CallBlock& block, Scope& scope);
  Flow Run(const ast::FilterBlock& block, Scope& scope);
  Flow Run(const ast::With& with, Scope& scope);
  Flow Run(const ast::Generation& generation, Scope& scope);
  Flow Run(const ast::Break&, Scope&) { return Flow::kBreak; }
  Flow Run(const ast::Continue&, Scope&) { return Flow::kContinue; }
  Flow Run(const ast::UnsupportedStatement& part, Scope&) { Refuse(part.what); }
  [[noreturn]] static void Refuse(const std::string& what);

  void Assign(const ast::Target& target, const Value& value, Scope& scope);
  void Write(std::string_view text);
  // What `body` writes, as a string.
  struct Captured {
    Value text;
    Flow flow;
  };
  Captured Capture(const ast::Body& body, Scope& scope);

  Heap& heap_;
  int depth_ = 0;
  int captures_ = 0;   // blocks being captured around this place
  uint32_t line_ = 1;  // of what runs
  std::string output_;
};

}  // namespace hlwq::text::jinja
