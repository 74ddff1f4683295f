#include "cli/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "cli/suggest.h"

namespace hlwq::cli {
namespace {

[[noreturn]] void Refuse(const std::string& line) {
  throw Error(ErrorCode::kInvalidArgument, line);
}

std::string Hint(std::string_view dashes, std::string_view near) {
  return near.empty() ? "" : fmt::format(" (did you mean '{}{}'?)", dashes, near);
}

// The flags that are answered instead of running a verb.
std::optional<CommandLine::Action> ActionOf(std::string_view word) noexcept {
  using Action = CommandLine::Action;
  if (word == "--help") return Action::kLongHelp;
  if (word == "-h") return Action::kShortHelp;
  if (word == "--version" || word == "-V") return Action::kVersion;
  return std::nullopt;
}

// The words after the verb.
class VerbParser {
 public:
  VerbParser(const CommandTable& table, const Verb& verb, std::span<const std::string_view> words)
      : verb_(verb), flags_(table.FlagsOf(verb)), words_(words), arguments_(table, verb) {}

  CommandLine Parse() {
    using Action = CommandLine::Action;
    bool is_flags = true;
    while (next_ < words_.size()) {
      const std::string_view word = words_[next_++];
      if (!is_flags || word == "-" || !word.starts_with('-')) {
        arguments_.AddOperand(std::string(word));
      } else if (word == "--") {
        is_flags = false;
      } else if (const auto action = ActionOf(word)) {
        return {*action, &verb_, std::nullopt};
      } else if (word.starts_with("--")) {
        TakeLong(word.substr(2));
      } else {
        TakeShort(word.substr(1));
      }
    }
    arguments_.Check();
    return {Action::kRun, &verb_, std::move(arguments_)};
  }

 private:
  void TakeLong(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto found = std::ranges::find(flags_, name, &Flag::name);
    if (found == flags_.end()) {
      std::vector<std::string_view> names;
      for (const Flag* flag : flags_) names.push_back(flag->name());
      Refuse(fmt::format("unknown flag '--{}' of {}{}", name, verb_.name,
                         Hint("--", NearestWord(name, names))));
    }
    const Flag& flag = **found;
    const std::string spelled = fmt::format("--{}", name);
    if (flag.kind() == FlagKind::kSwitch) {
      if (equals != std::string_view::npos) Refuse(fmt::format("{} takes no value", spelled));
      arguments_.Add(flag, "");
    } else {
      arguments_.Add(flag, equals != std::string_view::npos ? text.substr(equals + 1)
                                                            : NextValue(flag, spelled));
    }
  }

  void TakeShort(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      const auto found = std::ranges::find(flags_, letter, &Flag::short_name);
      if (found == flags_.end())
        Refuse(fmt::format("unknown flag '-{}' of {}", letter, verb_.name));
      const Flag& flag = **found;
      if (flag.kind() == FlagKind::kSwitch) {
        arguments_.Add(flag, "");
        continue;
      }
      if (letters.starts_with('=')) letters.remove_prefix(1);
      arguments_.Add(flag, letters.empty() ? NextValue(flag, fmt::format("-{}", letter)) : letters);
      return;
    }
  }

  std::string_view NextValue(const Flag& flag, const std::string& spelled) {
    // A following long flag is a forgotten value, a "-3" may be one.
    if (next_ == words_.size() || words_[next_].starts_with("--")) {
      Refuse(fmt::format("{} needs a value {}", spelled, flag.value_name));
    }
    return words_[next_++];
  }

  const Verb& verb_;
  std::vector<const Flag*> flags_;
  std::span<const std::string_view> words_;
  size_t next_ = 0;
  Arguments arguments_;
};

}  // namespace

CommandLine ParseCommandLine(const CommandTable& table, std::span<const std::string_view> words) {
  if (words.empty()) Refuse("a verb is missing: hlwq help lists them");
  const std::string_view first = words.front();
  if (const auto action = ActionOf(first)) return {*action, nullptr, std::nullopt};
  if (first.starts_with('-')) {
    Refuse(fmt::format("'{}' comes before the verb: hlwq VERB ... {}", first, first));
  }
  const Verb* verb = table.FindVerb(first);
  if (verb == nullptr) {
    std::vector<std::string_view> names;
    for (const Verb& known : table.verbs()) names.push_back(known.name);
    Refuse(fmt::format("unknown verb '{}'{}", first, Hint("", NearestWord(first, names))));
  }
  return VerbParser(table, *verb, words.subspan(1)).Parse();
}

}  // namespace hlwq::cli
