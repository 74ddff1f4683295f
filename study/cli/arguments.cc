#include "study/cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace hlwq::study {
namespace {

[[noreturn]] void Refuse(const std::string& complaint) {
  throw Error(ErrorCode::kInvalidArgument, complaint);
}

template <typename Value>
Value Parse(std::string_view flag, const std::string& text, const char* wanted) {
  Value value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    Refuse(fmt::format("--{}: want {}, got '{}'", flag, wanted, text));
  }
  return value;
}

}  // namespace

Arguments::Arguments(const Verb& verb, std::span<const std::string_view> words) {
  bool has_operand = false;
  for (size_t index = 0; index < words.size(); ++index) {
    const std::string_view word = words[index];
    if (!word.starts_with("--")) {
      if (has_operand)
        Refuse(fmt::format("{} takes one {}, got '{}' too", verb.name, verb.operand, word));
      operand_ = word;
      has_operand = true;
      continue;
    }
    const size_t equals = word.find('=');
    const std::string_view name =
        word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto flag = std::ranges::find(verb.flags, name, &Flag::name);
    if (flag == verb.flags.end()) Refuse(fmt::format("{} has no flag --{}", verb.name, name));
    std::string& value = values_[std::string(name)];
    if (flag->value.empty()) continue;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (++index < words.size()) {
      value = words[index];
    } else {
      Refuse(fmt::format("--{} wants {}", name, flag->value));
    }
  }
  if (!has_operand) Refuse(fmt::format("{} wants a {}", verb.name, verb.operand));
}

bool Arguments::Has(std::string_view flag) const { return values_.contains(flag); }

std::optional<std::string> Arguments::Text(std::string_view flag) const {
  const auto found = values_.find(flag);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string Arguments::RequiredText(std::string_view flag) const {
  if (auto text = Text(flag)) return *text;
  Refuse(fmt::format("want --{}", flag));
}

size_t Arguments::Size(std::string_view flag, size_t when_absent) const {
  const auto text = Text(flag);
  return text ? Parse<size_t>(flag, *text, "a whole number") : when_absent;
}

double Arguments::Number(std::string_view flag, double when_absent) const {
  const auto text = Text(flag);
  return text ? Parse<double>(flag, *text, "a number") : when_absent;
}

std::string HelpText(std::span<const Verb> verbs) {
  std::string text =
      "hlwq-study: autoregressive and masked-diffusion language models, compared under control\n\n";
  for (const Verb& verb : verbs) {
    text += fmt::format("  hlwq-study {} {}  {}\n", verb.name, verb.operand, verb.help);
    for (const Flag& flag : verb.flags) {
      text += fmt::format("      {:<24} {}\n", fmt::format("--{} {}", flag.name, flag.value),
                          flag.help);
    }
  }
  return text + "\ndocs/study.md says what all of it means.\n";
}

}  // namespace hlwq::study
