// What stands behind an operand: the part of ExpressionParser for attributes, subscripts, calls,
// filters and tests.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/expression_parser.h"
#include "text/jinja/literals.h"

namespace hlwq::text::jinja {
namespace {

using ast::ExpressionPtr;

uint32_t Height(const ExpressionPtr& expression) {
  return expression == nullptr ? 0 : expression->height;
}

uint32_t Height(const ast::CallArguments& arguments) {
  uint32_t highest = std::max(Height(arguments.list), Height(arguments.dict));
  for (const ExpressionPtr& value : arguments.positional)
    highest = std::max(highest, Height(value));
  for (const auto& [name, value] : arguments.keywords) highest = std::max(highest, Height(value));
  return highest;
}

}  // namespace

ExpressionPtr ExpressionParser::ParsePostfix(ExpressionPtr operand) {
  while (true) {
    if (tokens_.IsOperator(".")) {
      operand = ParseDot(std::move(operand));
    } else if (tokens_.IsOperator("[")) {
      operand = ParseSubscript(std::move(operand));
    } else if (tokens_.IsOperator("(")) {
      operand = ParseCall(std::move(operand));
    } else {
      return operand;
    }
  }
}

ExpressionPtr ExpressionParser::ParseDot(ExpressionPtr object) {
  tokens_.Take();
  const Token& token = tokens_.Current();
  const uint32_t below = Height(object);
  if (token.kind == TokenKind::kName) {
    return Make(token, ast::Attribute{std::move(object), tokens_.Take().text}, below);
  }
  if (token.kind != TokenKind::kInteger) tokens_.FailUnexpected("a name or number");
  ExpressionPtr index = Make(token, ast::Literal{IntegerOf(tokens_.Take())}, 0);
  return Make(token, ast::Subscript{std::move(object), std::move(index)}, below);
}

ExpressionPtr ExpressionParser::ParseSubscript(ExpressionPtr object) {
  const Token& at = tokens_.Take();
  ExpressionPtr parts[3];
  size_t colons = 0;
  const auto is_end = [&] { return tokens_.IsOperator("]") || tokens_.IsOperator(","); };
  if (!tokens_.IsOperator(":") && !is_end()) parts[0] = Parse();
  while (colons < 2 && tokens_.TakeOperator(":")) {
    ++colons;
    if (!tokens_.IsOperator(":") && !is_end()) parts[colons] = Parse();
  }
  if (tokens_.IsOperator(",")) tokens_.FailUnsupported(at, "a subscript with a comma");
  if (colons == 0 && parts[0] == nullptr) tokens_.FailUnexpected("an expression");
  tokens_.ExpectOperator("]");
  const uint32_t below =
      std::max({Height(object), Height(parts[0]), Height(parts[1]), Height(parts[2])});
  if (colons == 0) {
    return Make(at, ast::Subscript{std::move(object), std::move(parts[0])}, below);
  }
  return Make(
      at,
      ast::Slice{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])},
      below);
}

ast::CallArguments ExpressionParser::ParseArguments() {
  tokens_.ExpectOperator("(");
  ast::CallArguments arguments;
  while (!tokens_.IsOperator(")")) {
    const Token& at = tokens_.Current();
    const bool is_keyword = at.kind == TokenKind::kName &&
                            tokens_.Look().kind == TokenKind::kOperator &&
                            tokens_.Look().text == "=";
    const auto ensure = [&](bool is_in_order) {
      if (!is_in_order) tokens_.Fail(at, "arguments in a wrong order");
    };
    if (tokens_.TakeOperator("*")) {
      ensure(arguments.list == nullptr && arguments.dict == nullptr);
      arguments.list = Parse();
    } else if (tokens_.TakeOperator("**")) {
      ensure(arguments.dict == nullptr);
      arguments.dict = Parse();
    } else if (is_keyword) {
      ensure(arguments.dict == nullptr);
      std::string name = tokens_.Take().text;
      tokens_.Take();
      if (std::ranges::any_of(arguments.keywords,
                              [&](const auto& known) { return known.first == name; })) {
        tokens_.Fail(at, fmt::format("the argument '{}' is given twice", name));
      }
      arguments.keywords.emplace_back(std::move(name), Parse());
    } else {
      ensure(arguments.list == nullptr && arguments.dict == nullptr && arguments.keywords.empty());
      arguments.positional.push_back(Parse());
    }
    if (!tokens_.TakeOperator(",")) break;
  }
  tokens_.ExpectOperator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::ParseCall(ExpressionPtr callee) {
  const Token& at = tokens_.Current();
  ast::CallArguments arguments = ParseArguments();
  const uint32_t below = std::max(Height(callee), Height(arguments));
  return Make(at, ast::Call{std::move(callee), std::move(arguments)}, below);
}

ExpressionPtr ExpressionParser::ParseFilters(ExpressionPtr operand, bool starts_with_name) {
  while (starts_with_name || tokens_.TakeOperator("|")) {
    starts_with_name = false;
    const Token& at = tokens_.ExpectKind(TokenKind::kName, "the name of a filter");
    const FilterFunction function = FindFilter(at.text);
    ast::CallArguments arguments;
    if (tokens_.IsOperator("(")) arguments = ParseArguments();
    const uint32_t below = std::max(Height(operand), Height(arguments));
    if (function == nullptr) {
      operand = Make(at, ast::Unsupported{fmt::format("filter '{}'", at.text)}, below);
    } else {
      operand = Make(at, ast::Filter{std::move(operand), function, std::move(arguments)}, below);
    }
  }
  return operand;
}

// Whether the test before has an argument without parentheses: `is divisibleby 3`.
bool ExpressionParser::AtTestArgument() const {
  switch (tokens_.Current().kind) {
    case TokenKind::kName:
      return !tokens_.IsName("else") && !tokens_.IsName("or") && !tokens_.IsName("and");
    case TokenKind::kString:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return true;
    default:
      return tokens_.IsOperator("[") || tokens_.IsOperator("{");
  }
}

ExpressionPtr ExpressionParser::ParseTest(ExpressionPtr operand) {
  tokens_.Take();
  const bool is_negated = tokens_.TakeName("not");
  const Token& at = tokens_.ExpectKind(TokenKind::kName, "the name of a test");
  const TestFunction function = FindTest(at.text);
  ast::CallArguments arguments;
  if (tokens_.IsOperator("(")) {
    arguments = ParseArguments();
  } else if (AtTestArgument()) {
    if (tokens_.IsName("is")) {
      tokens_.Fail(tokens_.Current(), "tests cannot be chained with 'is'");
    }
    const Nesting nesting(*this);
    arguments.positional.push_back(ParsePostfix(ParsePrimary()));
  }
  uint32_t below = std::max(Height(operand), Height(arguments));
  ExpressionPtr test =
      function == nullptr
          ? Make(at, ast::Unsupported{fmt::format("test '{}'", at.text)}, below)
          : Make(at, ast::Test{std::move(operand), function, std::move(arguments)}, below);
  if (!is_negated) return test;
  below = Height(test);
  return Make(at, ast::Unary{ast::UnaryOperator::kNot, std::move(test)}, below);
}

}  // namespace hlwq::text::jinja
