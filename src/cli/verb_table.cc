// Every verb of hlwq, in the order of the overview.
#include "cli/flags.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kOther = "Other";

Verb HelpVerb() {
  return {
      .name = "help",
      .group = kOther,
      .summary = "Explain hlwq or a verb; print the man page or shell completions",
      .description = "Everything here comes from one table of verbs and flags; --json prints it.",
      .operands = {{"VERB", "the verb to explain", false}},
      .examples = {{"hlwq help --man | man -l -", "The man page."}},
      .run = RunHelp,
  };
}

}  // namespace

std::vector<Verb> HlwqVerbs() { return {HelpVerb()}; }

}  // namespace hlwq::cli
