#include "text/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "text/jinja/expression_parser.h"
#include "text/jinja/lexer.h"
#include "text/jinja/token_reader.h"

namespace hlwq::text::jinja {
namespace {

using ast::Body;
using TupleKind = ExpressionParser::TupleKind;
using Tags = std::initializer_list<std::string_view>;

class StatementParser {
 public:
  explicit StatementParser(std::string_view source)
      : tokens_(Tokenize(source)), expressions_(tokens_) {}

  Body ParseTemplate() { return ParseUntil({}); }

 private:
  struct Row {
    std::string_view tag;
    ast::Statement::Node (StatementParser::*parse)();
  };

  // Statements up to one of `ends`, whose name is then the current token; with none, all.
  Body ParseUntil(Tags ends) {
    Body body;
    while (!tokens_.IsKind(TokenKind::kEnd)) {
      const Token& at = tokens_.Take();
      if (at.kind == TokenKind::kText) {
        body.push_back({at.at.line, ast::Text{at.text}});
      } else if (at.kind == TokenKind::kPrintBegin) {
        ast::Print print;
        print.values.push_back(expressions_.ParseTuple(TupleKind::kWhole));
        tokens_.ExpectKind(TokenKind::kPrintEnd, "'}}'");
        body.push_back({at.at.line, std::move(print)});
      } else {
        const Token& tag = tokens_.Current();
        if (tag.kind != TokenKind::kName) tokens_.FailUnexpected("the name of a statement");
        if (std::ranges::find(ends, tag.text) != ends.end()) return body;
        body.push_back({at.at.line, ParseStatement(ends)});
        tokens_.ExpectKind(TokenKind::kBlockEnd, "'%}'");
      }
    }
    if (ends.size() != 0) {
      tokens_.FailUnexpected(fmt::format("'{}'", fmt::join(ends, "' or '")));
    }
    return body;
  }

  // The rest of a tag, and what follows up to one of `ends`.
  Body ParseBody(Tags ends) {
    tokens_.TakeOperator(":");
    tokens_.ExpectKind(TokenKind::kBlockEnd, "'%}'");
    return ParseUntil(ends);
  }
  // The same, with the end taken.
  Body ParseWholeBody(std::string_view end) {
    Body body = ParseBody({end});
    tokens_.Take();
    return body;
  }

  ast::Statement::Node ParseStatement(Tags ends) {
    static constexpr std::array kStatements = {
        Row{"break", &StatementParser::ParseBreak},
        Row{"call", &StatementParser::ParseCallBlock},
        Row{"continue", &StatementParser::ParseContinue},
        Row{"filter", &StatementParser::ParseFilterBlock},
        Row{"for", &StatementParser::ParseFor},
        Row{"from", &StatementParser::ParseOther},
        Row{"generation", &StatementParser::ParseGeneration},
        Row{"if", &StatementParser::ParseIf},
        Row{"import", &StatementParser::ParseOther},
        Row{"include", &StatementParser::ParseOther},
        Row{"macro", &StatementParser::ParseMacro},
        Row{"print", &StatementParser::ParsePrint},
        Row{"set", &StatementParser::ParseSet},
        Row{"with", &StatementParser::ParseWith},
    };
    const ExpressionParser::Nesting nesting(expressions_);
    const Token& tag = tokens_.Take();
    for (const Row& row : kStatements) {
      if (row.tag == tag.text) return (this->*row.parse)();
    }
    const bool is_end = tag.text.starts_with("end") || tag.text == "else" || tag.text == "elif";
    if (!is_end) tokens_.FailUnsupported(tag, fmt::format("statement '{}'", tag.text));
    tokens_.Fail(tag, ends.size() == 0 ? fmt::format("unexpected '{}'", tag.text)
                                       : fmt::format("unexpected '{}', expected '{}'", tag.text,
                                                     fmt::join(ends, "' or '")));
  }

  // A statement about other templates, of which there are none.
  ast::Statement::Node ParseOther() {
    while (!tokens_.IsKind(TokenKind::kBlockEnd) && !tokens_.IsKind(TokenKind::kEnd))
      tokens_.Take();
    return ast::UnsupportedStatement{"a statement about another template"};
  }

  std::string ParseTargetName() {
    const Token& token = tokens_.ExpectKind(TokenKind::kName, "a name");
    static constexpr std::array<std::string_view, 6> kConstants = {"true", "false", "none",
                                                                   "True", "False", "None"};
    if (std::ranges::find(kConstants, token.text) != kConstants.end()) {
      tokens_.Fail(token, fmt::format("cannot assign to '{}'", token.text));
    }
    return token.text;
  }

  ast::Target ParseTarget(bool takes_members) {
    const auto is_end = [&] {
      return tokens_.IsOperator(")") || tokens_.IsKind(TokenKind::kBlockEnd);
    };
    ast::Target several;
    bool has_comma = false;
    while (!is_end()) {
      several.targets.push_back(ParseOneTarget(takes_members));
      if (!tokens_.TakeOperator(",")) break;
      has_comma = true;
    }
    if (several.targets.empty()) tokens_.FailUnexpected("a name");
    return has_comma ? std::move(several) : std::move(several.targets[0]);
  }

  ast::Target ParseOneTarget(bool takes_members) {
    if (tokens_.TakeOperator("(")) {
      const ExpressionParser::Nesting nesting(expressions_);
      ast::Target target = ParseTarget(takes_members);
      tokens_.ExpectOperator(")");
      return target;
    }
    ast::Target target{.name = ParseTargetName(), .member = {}, .targets = {}};
    if (takes_members && tokens_.TakeOperator(".")) {
      target.member = tokens_.ExpectKind(TokenKind::kName, "a name").text;
    }
    return target;
  }

  ast::Statement::Node ParseFor() {
    ast::For loop;
    loop.target = ParseTarget(false);
    tokens_.ExpectName("in");
    loop.items = expressions_.ParseTuple(TupleKind::kWithoutCondition);
    if (tokens_.TakeName("if")) loop.condition = expressions_.Parse();
    if (tokens_.IsName("recursive")) {
      tokens_.FailUnsupported(tokens_.Current(), "a recursive loop");
    }
    ++loops_;
    loop.body = ParseBody({"endfor", "else"});
    --loops_;
    if (tokens_.Take().text == "else") loop.otherwise = ParseWholeBody("endfor");
    return loop;
  }

  ast::Statement::Node ParseIf() {
    ast::If statement;
    while (true) {
      ast::ExpressionPtr test = expressions_.ParseTuple(TupleKind::kWithoutCondition);
      Body body = ParseBody({"elif", "else", "endif"});
      statement.branches.emplace_back(std::move(test), std::move(body));
      const Token& end = tokens_.Take();
      if (end.text == "elif") continue;
      if (end.text == "else") statement.otherwise = ParseWholeBody("endif");
      return statement;
    }
  }

  ast::Statement::Node ParseSet() {
    ast::Target target = ParseTarget(true);
    if (tokens_.TakeOperator("=")) {
      return ast::Set{std::move(target), expressions_.ParseTuple(TupleKind::kWhole)};
    }
    ast::ExpressionPtr filter = expressions_.ParseFilters(nullptr, false);
    return ast::SetBlock{std::move(target), std::move(filter), ParseWholeBody("endset")};
  }

  ast::Statement::Node ParseWith() {
    ast::With with;
    while (!tokens_.IsKind(TokenKind::kBlockEnd)) {
      if (!with.assignments.empty()) tokens_.ExpectOperator(",");
      ast::Target target = ParseOneTarget(false);
      tokens_.ExpectOperator("=");
      with.assignments.emplace_back(std::move(target), expressions_.Parse());
    }
    with.body = ParseWholeBody("endwith");
    return with;
  }

  ast::Statement::Node ParsePrint() {
    ast::Print print;
    while (!tokens_.IsKind(TokenKind::kBlockEnd)) {
      if (!print.values.empty()) tokens_.ExpectOperator(",");
      print.values.push_back(expressions_.Parse());
    }
    return print;
  }

  void ParseParameters(ast::MacroBody& macro) {
    tokens_.ExpectOperator("(");
    while (!tokens_.IsOperator(")")) {
      const Token& at = tokens_.Current();
      ast::Parameter parameter{.name = ParseTargetName(), .value = nullptr};
      if (tokens_.TakeOperator("=")) {
        parameter.value = expressions_.Parse();
      } else if (!macro.parameters.empty() && macro.parameters.back().value != nullptr) {
        tokens_.Fail(at, "a parameter without default follows one with a default");
      }
      if (std::ranges::find(macro.parameters, parameter.name, &ast::Parameter::name) !=
          macro.parameters.end()) {
        tokens_.Fail(at, fmt::format("the parameter '{}' is there twice", parameter.name));
      }
      macro.parameters.push_back(std::move(parameter));
      if (!tokens_.TakeOperator(",")) break;
    }
    tokens_.ExpectOperator(")");
  }

  // What a macro or the block of a call runs. Its loops are its own.
  void ParseMacroBody(ast::MacroBody& macro, std::string_view end) {
    const Token& at = tokens_.Current();
    const int loops_around = std::exchange(loops_, 0);
    expressions_.EnterMacro(macro);
    macro.body = ParseWholeBody(end);
    expressions_.LeaveMacro();
    loops_ = loops_around;
    for (const ast::Parameter& parameter : macro.parameters) {
      if (macro.uses_caller && parameter.name == "caller" && parameter.value == nullptr) {
        tokens_.Fail(at, "the parameter 'caller' must have a default");
      }
    }
  }

  ast::Statement::Node ParseMacro() {
    ast::MacroDefinition definition{.name = ParseTargetName(), .macro = {}};
    ParseParameters(definition.macro);
    ParseMacroBody(definition.macro, "endmacro");
    return definition;
  }

  ast::Statement::Node ParseCallBlock() {
    ast::CallBlock block;
    if (tokens_.IsOperator("(")) ParseParameters(block.macro);
    const Token& at = tokens_.Current();
    block.call = expressions_.Parse();
    if (!std::holds_alternative<ast::Call>(block.call->node)) tokens_.Fail(at, "expected a call");
    ParseMacroBody(block.macro, "endcall");
    return block;
  }

  ast::Statement::Node ParseFilterBlock() {
    ast::ExpressionPtr filter = expressions_.ParseFilters(nullptr, true);
    return ast::FilterBlock{std::move(filter), ParseWholeBody("endfilter")};
  }

  ast::Statement::Node ParseGeneration() {
    const int loops_around = std::exchange(loops_, 0);
    ast::Generation generation{ParseWholeBody("endgeneration")};
    loops_ = loops_around;
    return generation;
  }

  void RequireLoop(std::string_view name) {
    if (loops_ == 0) {
      tokens_.Fail(tokens_.Current(), fmt::format("'{}' outside a loop", name));
    }
  }
  ast::Statement::Node ParseBreak() {
    RequireLoop("break");
    return ast::Break{};
  }
  ast::Statement::Node ParseContinue() {
    RequireLoop("continue");
    return ast::Continue{};
  }

  TokenReader tokens_;
  ExpressionParser expressions_;
  int loops_ = 0;  // around the place being read, in the same macro
};

}  // namespace

Body Parse(std::string_view source) { return StatementParser(source).ParseTemplate(); }

}  // namespace hlwq::text::jinja
