// The command line as data. A verb and a flag are one record each; the parser, --help, the man page
// and the shell completions are all derived from these records and know nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cli/flags/flag_id.h"

namespace hlwq::cli {

class Arguments;

// Headings of help and man page, in the order they are shown.
enum class Category : uint8_t {
  kCoding,
  kSelection,
  kInput,
  kSampling,
  kOutput,
  kRun,
  kExperts,
  kGeneral,
};
std::string_view CategoryTitle(Category category) noexcept;

struct Choice {
  std::string_view name;
  std::string_view help;  // a phrase, no full stop
};

// A flag set to a value, by default or on the command line.
struct FlagValue {
  std::string_view flag;  // its long name; empty: none
  std::string_view value;
};

struct Flag {
  FlagId id;
  char short_name = 0;               // 0: none
  std::string_view value_name = {};  // "N" in "--bits N"; empty for a switch
  Category category = Category::kGeneral;
  std::vector<std::string_view> verbs = {};  // empty: every verb
  std::string_view default_value = {};       // as one would type it; empty: none
  double minimum = 0;
  double maximum = 0;
  std::vector<Choice> choices = {};
  bool may_be_empty = false;                     // of text: "" is a value
  std::vector<std::string_view> conflicts = {};  // long names that may not be given together
  FlagValue only_with = {};  // may be given only where another flag of the verb has this value
  std::vector<FlagValue> implies =
      {};                         // what other flags of the verb are where they were not given
  std::string_view summary = {};  // one sentence without full stop, for -h
  std::string_view details = {};  // what --help and the man page add; paragraphs split by "\n\n"

  std::string_view name() const noexcept { return id.name; }
  FlagKind kind() const noexcept { return id.kind; }
};

struct Positional {
  std::string_view name;  // "SRC"
  std::string_view help;
  bool is_required = true;
  bool is_repeated = false;  // takes all that follow as well; of the last one of a verb
};

struct Example {
  std::string_view command;
  std::string_view note;
};

struct Verb {
  std::string_view name;
  std::string_view group;        // heading in the overview
  std::string_view summary;      // one phrase, no full stop
  std::string_view description;  // paragraphs split by "\n\n"
  std::vector<Positional> operands = {};
  std::vector<Example> examples = {};
  // Returns the exit code; throws Error.
  int (*run)(const Arguments& arguments) = nullptr;
};

// Verbs and flags together, and the questions asked of them. Immutable.
class CommandTable {
 public:
  CommandTable(std::vector<Verb> verbs, std::vector<Flag> flags)
      : verbs_(std::move(verbs)), flags_(std::move(flags)) {}

  std::span<const Verb> verbs() const noexcept { return verbs_; }
  std::span<const Flag> flags() const noexcept { return flags_; }

  const Verb* FindVerb(std::string_view name) const noexcept;
  // The flags of a verb, those of every verb included, in table order.
  std::vector<const Flag*> FlagsOf(const Verb& verb) const;

 private:
  std::vector<Verb> verbs_;
  std::vector<Flag> flags_;
};

// The table of the hlwq program: verb_table.cc and flags/flag_table.cc.
const CommandTable& HlwqCommands();
std::vector<Verb> HlwqVerbs();
std::vector<Flag> HlwqFlags();
// The parts of them in files of their own: verbs_<part>.cc, flags/<part>.cc.
std::vector<Verb> GenerationVerbs();
std::vector<Verb> EvaluationVerbs();
std::vector<Flag> CalibrationFlags();
std::vector<Flag> ExportFlags();
std::vector<Flag> HubFlags();
std::vector<Flag> ModelFlags();
std::vector<Flag> ExpertFlags();
std::vector<Flag> GenerationFlags();
std::vector<Flag> EvaluationFlags();
std::vector<Flag> ServerFlags();

}  // namespace hlwq::cli
