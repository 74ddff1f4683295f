// What verbs print: data to stdout, talk to stderr.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "cli/arguments.h"
#include "cli/help.h"

namespace hlwq::cli {

// One document, indented, to stdout. Text that is not UTF-8 is shown with replacement characters.
void PrintJson(const nlohmann::json& document);

// Text to stdout, unless the verb was asked for JSON or to be quiet.
void PrintSummary(const Arguments& arguments, std::string_view text);

// A line to stderr, "hlwq: note: ...", unless quiet.
void PrintNote(const Arguments& arguments, std::string_view line);

// Help as wide as the terminal, 100 columns at most, and coloured where that is welcome.
HelpLayout HelpLayoutFor(const Stream& stream);

}  // namespace hlwq::cli
