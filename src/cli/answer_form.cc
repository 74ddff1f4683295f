#include "cli/answer_form.h"

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/flags/names.h"
#include "constrain/formats.h"
#include "server/thinking.h"

namespace hlwq::cli {
namespace {

constexpr uint64_t kMostFileBytes = 1 << 20;

struct Form {
  std::string where;
  constrain::Format format;
};

constrain::Format SchemaForm(const std::string& where, const std::string& text) {
  const auto schema = WithContext(where, [&] { return ParseOrderedJson(text); });
  if (schema.is_object() || schema.is_boolean()) return constrain::AsJson(schema);
  throw Error(ErrorCode::kInvalidArgument, where + ": want a JSON schema, an object");
}

std::optional<Form> FormOf(const Arguments& arguments) {
  if (const auto rules = arguments.FindText(flag::kGrammar))
    return Form{"--grammar", constrain::AsGrammar(*rules)};
  if (const auto file = arguments.FindText(flag::kGrammarFile))
    return Form{*file, constrain::AsGrammar(ReadSmallFile(*file, kMostFileBytes))};
  if (const auto schema = arguments.FindText(flag::kJsonSchema))
    return Form{"--json-schema", SchemaForm("--json-schema", *schema)};
  if (const auto file = arguments.FindText(flag::kJsonSchemaFile))
    return Form{*file, SchemaForm(*file, ReadSmallFile(*file, kMostFileBytes))};
  return std::nullopt;
}

}  // namespace

std::shared_ptr<const constrain::Grammar> AnswerFormOf(const Arguments& arguments,
                                                       const chat::TextModel& model,
                                                       std::span<const text::TokenId> prompt) {
  std::optional<Form> form = FormOf(arguments);
  if (!form) return nullptr;
  if (arguments.Switch(flag::kChat)) {
    form->format = constrain::AfterThinking(
        form->format, {.is_open = server::OpensThinking(model.tokenizer().Decode(prompt)),
                       .may_open = model.chat_format().source.find("<think>") != std::string::npos,
                       .most_tokens = {}});
  }
  const constrain::Compiler compiler(model.tokenizer(), model.config().sizes.vocab,
                                     model.DefaultOptions().eos);
  return WithContext(form->where, [&] { return compiler.Compile(form->format); });
}

}  // namespace hlwq::cli
