#include "text/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "text/jinja/literals.h"

namespace hlwq::text::jinja {
namespace {

using ast::ExpressionPtr;

// What the stack holds with room to spare, and far more than people write.
constexpr int kMaxDepth = 100;
constexpr uint32_t kMaxHeight = 400;

uint32_t Height(const ExpressionPtr& expression) {
  return expression == nullptr ? 0 : expression->height;
}

template <typename... Expressions>
uint32_t Highest(const Expressions&... expressions) {
  return std::max({Height(expressions)...});
}

uint32_t HighestOf(const std::vector<ExpressionPtr>& expressions) {
  uint32_t highest = 0;
  for (const ExpressionPtr& one : expressions) highest = std::max(highest, Height(one));
  return highest;
}

std::optional<CompareOperator> ComparisonOf(const Token& token) {
  if (token.kind != TokenKind::kOperator) return std::nullopt;
  if (token.text == "==") return CompareOperator::kEqual;
  if (token.text == "!=") return CompareOperator::kNotEqual;
  if (token.text == "<") return CompareOperator::kLess;
  if (token.text == "<=") return CompareOperator::kLessEqual;
  if (token.text == ">") return CompareOperator::kGreater;
  if (token.text == ">=") return CompareOperator::kGreaterEqual;
  return std::nullopt;
}

}  // namespace

ExpressionParser::Nesting::Nesting(ExpressionParser& parser) : parser_(parser) {
  if (++parser_.depth_ > kMaxDepth) {
    --parser_.depth_;
    parser_.tokens_.Fail(parser_.tokens_.Current(), "nested deeper than 100");
  }
}

ExpressionPtr ExpressionParser::Make(const Token& at, ast::Expression::Node node, uint32_t below) {
  if (below >= kMaxHeight) tokens_.Fail(at, "an expression of more than 400 operations in a row");
  return std::make_unique<const ast::Expression>(
      ast::Expression{at.at.line, below + 1, std::move(node)});
}

ExpressionPtr ExpressionParser::Parse() {
  const Nesting nesting(*this);
  const Token& at = tokens_.Current();
  ExpressionPtr value = ParseOr();
  while (tokens_.TakeName("if")) {
    ExpressionPtr test = ParseOr();
    ExpressionPtr otherwise = tokens_.TakeName("else") ? Parse() : nullptr;
    const uint32_t below = Highest(value, test, otherwise);
    value =
        Make(at, ast::Conditional{std::move(test), std::move(value), std::move(otherwise)}, below);
  }
  return value;
}

ExpressionPtr ExpressionParser::ParseOr() {
  const Token& at = tokens_.Current();
  ExpressionPtr left = ParseAnd();
  while (tokens_.TakeName("or")) {
    ExpressionPtr right = ParseAnd();
    const uint32_t below = Highest(left, right);
    left = Make(at, ast::Logic{false, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseAnd() {
  const Token& at = tokens_.Current();
  ExpressionPtr left = ParseNot();
  while (tokens_.TakeName("and")) {
    ExpressionPtr right = ParseNot();
    const uint32_t below = Highest(left, right);
    left = Make(at, ast::Logic{true, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseNot() {
  const Token& at = tokens_.Current();
  if (!tokens_.TakeName("not")) return ParseComparison();
  const Nesting nesting(*this);
  ExpressionPtr operand = ParseNot();
  const uint32_t below = Height(operand);
  return Make(at, ast::Unary{ast::UnaryOperator::kNot, std::move(operand)}, below);
}

ExpressionPtr ExpressionParser::ParseComparison() {
  const Token& at = tokens_.Current();
  ast::Comparison comparison{.first = ParseSum(), .rest = {}};
  uint32_t below = Height(comparison.first);
  while (true) {
    std::optional<CompareOperator> operation = ComparisonOf(tokens_.Current());
    if (operation) {
      tokens_.Take();
    } else if (tokens_.TakeName("in")) {
      operation = CompareOperator::kIn;
    } else if (tokens_.IsName("not") && tokens_.Look().kind == TokenKind::kName &&
               tokens_.Look().text == "in") {
      tokens_.Take();
      tokens_.Take();
      operation = CompareOperator::kNotIn;
    } else {
      break;
    }
    ExpressionPtr operand = ParseSum();
    below = std::max(below, Height(operand));
    comparison.rest.emplace_back(*operation, std::move(operand));
  }
  if (comparison.rest.empty()) return std::move(comparison.first);
  return Make(at, std::move(comparison), below);
}

ExpressionPtr ExpressionParser::ParseSum() {
  const Token& at = tokens_.Current();
  ExpressionPtr left = ParseConcat();
  while (tokens_.IsOperator("+") || tokens_.IsOperator("-")) {
    const auto operation =
        tokens_.Take().text == "+" ? BinaryOperator::kAdd : BinaryOperator::kSubtract;
    ExpressionPtr right = ParseConcat();
    const uint32_t below = Highest(left, right);
    left = Make(at, ast::Binary{operation, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseConcat() {
  const Token& at = tokens_.Current();
  ast::Concat concat;
  concat.parts.push_back(ParseProduct());
  while (tokens_.TakeOperator("~")) concat.parts.push_back(ParseProduct());
  if (concat.parts.size() == 1) return std::move(concat.parts[0]);
  const uint32_t below = HighestOf(concat.parts);
  return Make(at, std::move(concat), below);
}

ExpressionPtr ExpressionParser::ParseProduct() {
  const Token& at = tokens_.Current();
  ExpressionPtr left = ParsePower();
  while (true) {
    BinaryOperator operation = BinaryOperator::kMultiply;
    if (tokens_.TakeOperator("/")) {
      operation = BinaryOperator::kDivide;
    } else if (tokens_.TakeOperator("//")) {
      operation = BinaryOperator::kFloorDivide;
    } else if (tokens_.TakeOperator("%")) {
      operation = BinaryOperator::kModulo;
    } else if (!tokens_.TakeOperator("*")) {
      return left;
    }
    ExpressionPtr right = ParsePower();
    const uint32_t below = Highest(left, right);
    left = Make(at, ast::Binary{operation, std::move(left), std::move(right)}, below);
  }
}

// Unlike in Python, powers group from the left, and a sign binds closer.
ExpressionPtr ExpressionParser::ParsePower() {
  const Token& at = tokens_.Current();
  ExpressionPtr left = ParseUnary(true);
  while (tokens_.TakeOperator("**")) {
    ExpressionPtr right = ParseUnary(true);
    const uint32_t below = Highest(left, right);
    left = Make(at, ast::Binary{BinaryOperator::kPower, std::move(left), std::move(right)}, below);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseUnary(bool with_filters) {
  const Token& at = tokens_.Current();
  const bool is_negated = tokens_.IsOperator("-");
  ExpressionPtr node;
  if (is_negated || tokens_.IsOperator("+")) {
    const Nesting nesting(*this);
    tokens_.Take();
    ExpressionPtr operand = ParseUnary(false);
    const uint32_t below = Height(operand);
    node = Make(at,
                ast::Unary{is_negated ? ast::UnaryOperator::kNegate : ast::UnaryOperator::kPositive,
                           std::move(operand)},
                below);
  } else {
    node = ParsePrimary();
  }
  node = ParsePostfix(std::move(node));
  if (!with_filters) return node;
  while (true) {
    if (tokens_.IsOperator("|")) {
      node = ParseFilters(std::move(node), false);
    } else if (tokens_.IsName("is")) {
      node = ParseTest(std::move(node));
    } else if (tokens_.IsOperator("(")) {
      node = ParseCall(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::ParsePrimary() {
  const Token& token = tokens_.Current();
  switch (token.kind) {
    case TokenKind::kName:
      return ParseName();
    case TokenKind::kString: {
      std::string text;
      while (tokens_.IsKind(TokenKind::kString)) text += tokens_.Take().text;
      return Make(token, ast::Literal{std::move(text)}, 0);
    }
    case TokenKind::kInteger:
      return Make(token, ast::Literal{IntegerOf(tokens_.Take())}, 0);
    case TokenKind::kFloat:
      return Make(token, ast::Literal{FloatOf(tokens_.Take())}, 0);
    default:
      break;
  }
  if (tokens_.IsOperator("[")) return ParseList();
  if (tokens_.IsOperator("{")) return ParseDict();
  if (!tokens_.TakeOperator("(")) tokens_.FailUnexpected("an expression");
  ExpressionPtr inside = ParseTuple(TupleKind::kParenthesized);
  tokens_.ExpectOperator(")");
  return inside;
}

ExpressionPtr ExpressionParser::ParseName() {
  const Token& token = tokens_.Take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return Make(token, ast::Literal{true}, 0);
  if (name == "false" || name == "False") return Make(token, ast::Literal{false}, 0);
  if (name == "none" || name == "None") return Make(token, ast::Literal{ast::None{}}, 0);
  for (ast::MacroBody* macro : macros_) {
    macro->uses_varargs = macro->uses_varargs || name == "varargs";
    macro->uses_kwargs = macro->uses_kwargs || name == "kwargs";
    macro->uses_caller = macro->uses_caller || name == "caller";
  }
  return Make(token, ast::Name{name}, 0);
}

ExpressionPtr ExpressionParser::ParseTuple(TupleKind kind) {
  const Token& at = tokens_.Current();
  const auto is_end = [&] {
    return tokens_.IsKind(TokenKind::kPrintEnd) || tokens_.IsKind(TokenKind::kBlockEnd) ||
           tokens_.IsOperator(")") ||
           (kind == TupleKind::kWithoutCondition && tokens_.IsName("recursive"));
  };
  ast::ListLiteral tuple{.items = {}, .is_tuple = true};
  bool has_comma = false;
  while (!is_end()) {
    tuple.items.push_back(kind == TupleKind::kWithoutCondition ? ParseWithoutCondition() : Parse());
    if (!tokens_.TakeOperator(",")) break;
    has_comma = true;
  }
  if (!has_comma && tuple.items.size() == 1) return std::move(tuple.items[0]);
  if (tuple.items.empty() && kind != TupleKind::kParenthesized) {
    tokens_.FailUnexpected("an expression");
  }
  const uint32_t below = HighestOf(tuple.items);
  return Make(at, std::move(tuple), below);
}

ExpressionPtr ExpressionParser::ParseList() {
  const Token& at = tokens_.Take();
  ast::ListLiteral list{.items = {}, .is_tuple = false};
  while (!tokens_.IsOperator("]")) {
    list.items.push_back(Parse());
    if (!tokens_.TakeOperator(",")) break;
  }
  tokens_.ExpectOperator("]");
  const uint32_t below = HighestOf(list.items);
  return Make(at, std::move(list), below);
}

ExpressionPtr ExpressionParser::ParseDict() {
  const Token& at = tokens_.Take();
  ast::DictLiteral dict;
  uint32_t below = 0;
  while (!tokens_.IsOperator("}")) {
    ExpressionPtr key = Parse();
    tokens_.ExpectOperator(":");
    ExpressionPtr value = Parse();
    below = std::max(below, Highest(key, value));
    dict.entries.emplace_back(std::move(key), std::move(value));
    if (!tokens_.TakeOperator(",")) break;
  }
  tokens_.ExpectOperator("}");
  return Make(at, std::move(dict), below);
}

}  // namespace hlwq::text::jinja
