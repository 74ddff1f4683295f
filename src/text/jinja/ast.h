// What a template says, as a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/tests.h"

namespace hlwq::text::jinja::ast {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<const Expression>;
using Body = std::vector<Statement>;

struct None {};
struct Literal {
  std::variant<None, bool, int64_t, double, std::string> value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  std::vector<ExpressionPtr> items;
  bool is_tuple;
};
struct DictLiteral {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
enum class UnaryOperator : uint8_t { kNot, kNegate, kPositive };
struct Unary {
  UnaryOperator operation;
  ExpressionPtr operand;
};
struct Binary {
  BinaryOperator operation;
  ExpressionPtr left, right;
};
struct Logic {
  bool is_and;
  ExpressionPtr left, right;
};
// a < b <= c: each operand is evaluated once, and none behind the first that does not hold.
struct Comparison {
  ExpressionPtr first;
  std::vector<std::pair<CompareOperator, ExpressionPtr>> rest;
};
struct Concat {  // ~
  std::vector<ExpressionPtr> parts;
};
struct Conditional {
  ExpressionPtr test, then;
  ExpressionPtr otherwise;  // may be null: undefined
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Subscript {
  ExpressionPtr object, key;
};
struct Slice {
  ExpressionPtr object;
  ExpressionPtr start, stop, step;  // each may be null
};
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keywords;
  ExpressionPtr list;  // *list, or null
  ExpressionPtr dict;  // **dict, or null
};
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPtr operand;  // null in front of a block: its text
  FilterFunction function;
  CallArguments arguments;
};
struct Test {
  ExpressionPtr operand;
  TestFunction function;
  CallArguments arguments;
};

// What Jinja has and this program has not: an error once it is reached.
struct Unsupported {
  std::string what;  // "filter 'random'"
};
struct UnsupportedStatement {
  std::string what;
};

struct Expression {
  using Node = std::variant<Literal, Name, ListLiteral, DictLiteral, Unary, Binary, Logic,
                            Comparison, Concat, Conditional, Attribute, Subscript, Slice, Call,
                            Filter, Test, Unsupported>;
  uint32_t line;
  uint32_t height;  // nodes on the longest way down
  Node node;
};

// What is assigned to: a name, a member of a namespace, or several of these.
struct Target {
  std::string name;    // empty for several
  std::string member;  // of the namespace `name`; empty for a name
  std::vector<Target> targets;
};

struct Text {
  std::string text;
};
struct Print {
  std::vector<ExpressionPtr> values;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPtr items;
  ExpressionPtr condition;  // may be null
  Body body;
  Body otherwise;
};
struct Set {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  ExpressionPtr filter;  // a Filter of the block's text, or null
  Body body;
};
struct Parameter {
  std::string name;
  ExpressionPtr value;  // the default, or null
};
struct MacroBody {
  std::vector<Parameter> parameters;
  Body body;
  // Which of the names that hold what has no parameter are used in it; others are refused.
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};
struct MacroDefinition {
  std::string name;
  MacroBody macro;
};
struct CallBlock {
  ExpressionPtr call;  // a Call
  MacroBody macro;
};
struct FilterBlock {
  ExpressionPtr filter;
  Body body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
};
struct Generation {  // marks what the model is to write; changes nothing in the text
  Body body;
};
struct Break {};
struct Continue {};

struct Statement {
  using Node = std::variant<Text, Print, If, For, Set, SetBlock, MacroDefinition, CallBlock,
                            FilterBlock, With, Generation, Break, Continue, UnsupportedStatement>;
  uint32_t line;
  Node node;
};

}  // namespace hlwq::text::jinja::ast
