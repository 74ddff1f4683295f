// hlwq help: the command table as text, man page or completions.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "cli/completions.h"
#include "cli/help.h"
#include "cli/man.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "hlwq/version.h"

namespace hlwq::cli {
namespace {

nlohmann::json FlagToJson(const Flag& flag) {
  nlohmann::json json = {{"name", flag.name()}, {"summary", flag.summary}};
  if (flag.short_name != 0) json["short"] = std::string(1, flag.short_name);
  if (!flag.value_name.empty()) json["value"] = flag.value_name;
  if (!flag.default_value.empty()) json["default"] = flag.default_value;
  for (const Choice& choice : flag.choices) json["choices"].push_back(choice.name);
  return json;
}

nlohmann::json TableToJson(const CommandTable& table) {
  nlohmann::json verbs = nlohmann::json::array();
  for (const Verb& verb : table.verbs()) {
    nlohmann::json json = {{"name", verb.name}, {"summary", verb.summary}};
    for (const Positional& operand : verb.operands) json["operands"].push_back(operand.name);
    for (const Flag* flag : table.FlagsOf(verb)) json["flags"].push_back(FlagToJson(*flag));
    verbs.push_back(std::move(json));
  }
  return {{"version", kVersion}, {"verbs", std::move(verbs)}};
}

}  // namespace

int RunHelp(const Arguments& arguments) {
  const CommandTable& table = HlwqCommands();
  if (arguments.Switch(flag::kMan)) {
    Stream::Out().Write(RenderManPage(table));
    return 0;
  }
  if (const auto shell = arguments.FindText(flag::kCompletions)) {
    Stream::Out().Write(RenderCompletions(table, *shell));
    return 0;
  }
  if (arguments.json()) {
    PrintJson(TableToJson(table));
    return 0;
  }
  const HelpLayout layout = HelpLayoutFor(Stream::Out());
  const std::string name = arguments.Operand("VERB");
  if (name.empty()) {
    Stream::Out().Write(RenderOverview(table, layout));
    return 0;
  }
  const Verb* verb = table.FindVerb(name);
  if (verb == nullptr) {
    std::vector<std::string_view> names;
    for (const Verb& known : table.verbs()) names.push_back(known.name);
    const std::string_view near = NearestWord(name, names);
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("unknown verb '{}'{}", name,
                            near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
  Stream::Out().Write(RenderVerbHelp(table, *verb, layout));
  return 0;
}

}  // namespace hlwq::cli
