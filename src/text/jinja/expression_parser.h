// The half of the parser that reads expressions.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/token_reader.h"

namespace hlwq::text::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenReader& tokens) : tokens_(tokens) {}

  ast::ExpressionPtr Parse();
  // Without `a if b` at the top, which the `if` of a for statement would be read as.
  ast::ExpressionPtr ParseWithoutCondition() { return ParseOr(); }

  enum class TupleKind { kWhole, kWithoutCondition, kParenthesized };
  // One expression, or several with commas: a tuple.
  ast::ExpressionPtr ParseTuple(TupleKind kind);

  // `name(arguments)|name...`: filters of `operand`, or of a block where that is null.
  ast::ExpressionPtr ParseFilters(ast::ExpressionPtr operand, bool starts_with_name);

  // Macros find out here which of the special names they use.
  void EnterMacro(ast::MacroBody& macro) { macros_.push_back(&macro); }
  void LeaveMacro() { macros_.pop_back(); }

  // Counts how deep the parser is. Throws Error{kInvalidData} when it is too deep.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  ast::ExpressionPtr ParseOr();
  ast::ExpressionPtr ParseAnd();
  ast::ExpressionPtr ParseNot();
  ast::ExpressionPtr ParseComparison();
  ast::ExpressionPtr ParseSum();
  ast::ExpressionPtr ParseConcat();
  ast::ExpressionPtr ParseProduct();
  ast::ExpressionPtr ParsePower();
  ast::ExpressionPtr ParseUnary(bool with_filters);
  ast::ExpressionPtr ParsePrimary();
  ast::ExpressionPtr ParseName();
  ast::ExpressionPtr ParseList();
  ast::ExpressionPtr ParseDict();
  ast::ExpressionPtr ParsePostfix(ast::ExpressionPtr operand);
  ast::ExpressionPtr ParseDot(ast::ExpressionPtr object);
  ast::ExpressionPtr ParseSubscript(ast::ExpressionPtr object);
  ast::ExpressionPtr ParseCall(ast::ExpressionPtr callee);
  ast::ExpressionPtr ParseTest(ast::ExpressionPtr operand);
  ast::CallArguments ParseArguments();
  bool AtTestArgument() const;

  // A node of the tree; its children are given for its height.
  ast::ExpressionPtr Make(const Token& at, ast::Expression::Node node, uint32_t below);

  TokenReader& tokens_;
  int depth_ = 0;
  std::vector<ast::MacroBody*> macros_;  // around the place being read
};

}  // namespace hlwq::text::jinja
