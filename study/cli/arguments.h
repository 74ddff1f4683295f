// The command line of hlwq-study: verbs with their flags as data, help derived from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::study {

class Arguments;

struct Flag {
  std::string_view name;   // "tokens", given as --tokens
  std::string_view value;  // "N"; empty: a switch
  std::string_view help;   // a phrase without full stop
};

struct Verb {
  std::string_view name;
  std::string_view operand;  // "RUN": the one folder that it works on
  std::string_view help;
  std::vector<Flag> flags;
  int (*run)(const Arguments& arguments) = nullptr;  // the exit code; throws Error
};

// What was asked of a verb. Values are those of its flags. Every getter throws Error{kInvalidArgument} naming the flag
// where its value is none.
class Arguments {
 public:
  // Throws Error{kInvalidArgument} for a flag that the verb has not, a missing value or operand.
  Arguments(const Verb& verb, std::span<const std::string_view> words);

  const std::filesystem::path& operand() const noexcept { return operand_; }
  bool Has(std::string_view flag) const;
  std::optional<std::string> Text(std::string_view flag) const;
  std::string RequiredText(std::string_view flag) const;
  size_t Size(std::string_view flag, size_t when_absent) const;
  double Number(std::string_view flag, double when_absent) const;

 private:
  std::filesystem::path operand_;
  std::map<std::string, std::string, std::less<>> values_;
};

// All verbs and their flags.
std::string HelpText(std::span<const Verb> verbs);

}  // namespace hlwq::study
