// Help texts rendered from the command table.
#pragma once

#include <string>

#include "cli/flags/flags.h"
#include "cli/terminal.h"

namespace hlwq::cli {

struct HelpLayout {
  size_t width = 100;
  TextStyle style = {};
  bool is_long = true;  // false: one line for each flag
};

// What hlwq is, its verbs by group, the flags of every verb.
std::string RenderOverview(const CommandTable& table, const HelpLayout& layout);

// One verb: usage, description, operands, flags by category, examples.
std::string RenderVerbHelp(const CommandTable& table, const Verb& verb, const HelpLayout& layout);

// "hlwq quantize [FLAGS] SRC DST".
std::string UsageLine(const Verb& verb);

// "-b, --bits N", with "    " in place of a missing short name.
std::string FlagSynopsis(const Flag& flag);

// "from 1 to 8", "default: 5" and the like, joined by "; "; empty when there is nothing to say.
std::string FlagFacts(const Flag& flag);

}  // namespace hlwq::cli
