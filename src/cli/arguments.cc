#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/number_text.h"
#include "cli/suggest.h"

namespace hlwq::cli {
namespace {

[[noreturn]] void Refuse(const std::string& line) {
  throw Error(ErrorCode::kInvalidArgument, line);
}

std::optional<int64_t> ParseInteger(std::string_view text) noexcept {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<double> ParseNumber(std::string_view text) noexcept {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

void CheckChoice(const Flag& flag, std::string_view value) {
  std::vector<std::string_view> names;
  for (const Choice& choice : flag.choices) names.push_back(choice.name);
  if (std::ranges::find(names, value) != names.end()) return;
  const std::string_view near = NearestWord(value, names);
  Refuse(fmt::format("--{}: want {}, got '{}'{}", flag.name(), fmt::join(names, " or "), value,
                     near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

void CheckRange(const Flag& flag, std::string_view text, std::optional<double> value,
                std::string_view what) {
  if (value && *value >= flag.minimum && *value <= flag.maximum) return;
  // Bounds that no one meets are not worth a word.
  const std::string range =
      flag.maximum < 1e15 ? fmt::format(" from {:.17g} to {:.17g}", flag.minimum, flag.maximum)
                          : fmt::format(" of at least {:.17g}", flag.minimum);
  Refuse(fmt::format("--{}: want {}{}, got '{}'", flag.name(), what, range, text));
}

void CheckValue(const Flag& flag, std::string_view value) {
  switch (flag.kind()) {
    case FlagKind::kChoice:
      return CheckChoice(flag, value);
    case FlagKind::kInteger:
      return CheckRange(flag, value, ParseInteger(value), "a whole number");
    case FlagKind::kNumber:
      return CheckRange(flag, value, ParseNumber(value), "a number");
    case FlagKind::kBytes:
      return CheckRange(flag, value, ParseBytes(value), "a size such as 5GB or 512MiB");
    case FlagKind::kText:
    case FlagKind::kPath:
    case FlagKind::kOutput:
    case FlagKind::kList:
      if (value.empty() && !flag.may_be_empty)
        Refuse(fmt::format("--{}: the value is empty", flag.name()));
      return;
    case FlagKind::kSwitch:
      return;
  }
}

}  // namespace

Arguments::Arguments(const CommandTable& table, const Verb& verb)
    : verb_(&verb), flags_(table.FlagsOf(verb)) {}

const Flag& Arguments::Find(const FlagId& flag) const {
  const auto found = std::ranges::find(flags_, flag, &Flag::id);
  if (found == flags_.end()) {
    Refuse(fmt::format("{} has no flag --{} of this kind", verb_->name, flag.name));
  }
  return **found;
}

std::optional<std::string> Arguments::Value(const Flag& flag) const {
  const auto found = values_.find(flag.name());
  if (found != values_.end()) return found->second.back();
  for (const Flag* given : flags_) {
    if (!values_.contains(given->name())) continue;
    for (const FlagValue& implied : given->implies) {
      if (implied.flag == flag.name()) return std::string(implied.value);
    }
  }
  if (!flag.default_value.empty()) return std::string(flag.default_value);
  return std::nullopt;
}

size_t Arguments::IndexOf(std::string_view operand) const {
  const auto found = std::ranges::find(verb_->operands, operand, &Positional::name);
  if (found == verb_->operands.end()) {
    Refuse(fmt::format("{} has no operand {}", verb_->name, operand));
  }
  return static_cast<size_t>(found - verb_->operands.begin());
}

std::string Arguments::Operand(std::string_view name) const {
  const size_t index = IndexOf(name);
  return index < operands_.size() ? operands_[index] : std::string();
}

std::vector<std::string> Arguments::Operands(std::string_view name) const {
  const size_t first = std::min(IndexOf(name), operands_.size());
  return {operands_.begin() + static_cast<ptrdiff_t>(first), operands_.end()};
}

bool Arguments::Has(const FlagId& flag) const { return values_.contains(Find(flag).name()); }

bool Arguments::Switch(const SwitchFlag& flag) const { return values_.contains(Find(flag).name()); }

std::optional<std::string> Arguments::FindText(const TextFlag& flag) const {
  return Value(Find(flag));
}
std::string Arguments::Text(const TextFlag& flag) const { return FindText(flag).value_or(""); }

std::optional<int64_t> Arguments::FindInteger(const IntegerFlag& flag) const {
  const auto value = Value(Find(flag));
  return value ? ParseInteger(*value) : std::nullopt;
}
int64_t Arguments::Integer(const IntegerFlag& flag) const { return FindInteger(flag).value_or(0); }

std::optional<double> Arguments::FindNumber(const NumberFlag& flag) const {
  const auto value = Value(Find(flag));
  return value ? ParseNumber(*value) : std::nullopt;
}
double Arguments::Number(const NumberFlag& flag) const { return FindNumber(flag).value_or(0); }

uint64_t Arguments::Bytes(const BytesFlag& flag) const {
  const auto value = Value(Find(flag));
  return value ? ParseBytes(*value).value_or(0) : 0;
}

std::vector<std::string> Arguments::List(const ListFlag& flag) const {
  const auto found = values_.find(Find(flag).name());
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::vector<Arguments::Path> Arguments::Paths() const {
  std::vector<Path> paths;
  for (const std::string& operand : operands_) paths.push_back({{}, operand});
  for (const Flag* flag : flags_) {
    const bool is_output = flag->kind() == FlagKind::kOutput;
    const auto found = values_.find(flag->name());
    if (found == values_.end() || (!is_output && flag->kind() != FlagKind::kPath)) continue;
    paths.push_back({flag->name(), found->second.back(), is_output});
  }
  return paths;
}

void Arguments::Add(const Flag& flag, std::string_view value) {
  CheckValue(flag, value);
  values_[flag.name()].emplace_back(value);
}

void Arguments::Check() const {
  for (size_t index = operands_.size(); index < verb_->operands.size(); ++index) {
    if (verb_->operands[index].is_required) {
      Refuse(fmt::format("{} needs {}: hlwq help {}", verb_->name, verb_->operands[index].name,
                         verb_->name));
    }
  }
  const bool is_repeated = !verb_->operands.empty() && verb_->operands.back().is_repeated;
  if (operands_.size() > verb_->operands.size() && !is_repeated) {
    Refuse(fmt::format("unexpected argument '{}': hlwq help {}", operands_[verb_->operands.size()],
                       verb_->name));
  }
  for (const Flag* flag : flags_) {
    if (!values_.contains(flag->name())) continue;
    for (const std::string_view other : flag->conflicts) {
      if (values_.contains(other)) {
        Refuse(fmt::format("--{} and --{} cannot go together", flag->name(), other));
      }
    }
    const auto& [other, value] = flag->only_with;
    if (other.empty()) continue;
    if (Value(**std::ranges::find(flags_, other, &Flag::name)) != value) {
      Refuse(fmt::format("--{} goes with --{} {} only", flag->name(), other, value));
    }
  }
}

std::string RequiredText(const Arguments& arguments, const TextFlag& flag) {
  if (auto text = arguments.FindText(flag)) return *text;
  Refuse(fmt::format("{}: --{} must be given", arguments.verb().name, flag.name));
}

}  // namespace hlwq::cli
