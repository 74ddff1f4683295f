// What the user asked of one verb, checked against its flags.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {

// Values are valid for their flag (kind, range, choices) when an Arguments exists. The getters answer
// with the default where it was not given; none takes a flag of another kind. Asking for a flag that
// the verb does not have is an error of the program: it throws Error{kInvalidArgument} and no input
// can cause it. Immutable after parsing. Borrows the table.
class Arguments {
 public:
  Arguments(const CommandTable& table, const Verb& verb);

  const Verb& verb() const noexcept { return *verb_; }
  bool quiet() const { return Switch(flag::kQuiet); }
  bool json() const { return Switch(flag::kJson); }

  // The operand called `name` ("SRC"); empty when it is optional and absent.
  std::string Operand(std::string_view name) const;
  // Of one that may be repeated, all of them.
  std::vector<std::string> Operands(std::string_view name) const;

  bool Has(const FlagId& flag) const;  // given on the command line
  bool Switch(const SwitchFlag& flag) const;
  std::string Text(const TextFlag& flag) const;  // empty without default
  std::optional<std::string> FindText(const TextFlag& flag) const;
  int64_t Integer(const IntegerFlag& flag) const;  // 0 without default
  std::optional<int64_t> FindInteger(const IntegerFlag& flag) const;
  double Number(const NumberFlag& flag) const;
  std::optional<double> FindNumber(const NumberFlag& flag) const;
  uint64_t Bytes(const BytesFlag& flag) const;
  std::vector<std::string> List(const ListFlag& flag) const;

  // A file or folder that the command line names.
  struct Path {
    std::string_view flag;  // empty: an operand
    std::filesystem::path path;
    bool is_output = false;  // of FlagKind::kOutput
  };
  std::vector<Path> Paths() const;

  // For the parser: checks the value, throws Error{kInvalidArgument} with one line about it.
  void Add(const Flag& flag, std::string_view value);
  void AddOperand(std::string value) { operands_.push_back(std::move(value)); }
  // For the parser: operands complete, no conflicts.
  void Check() const;

 private:
  const Flag& Find(const FlagId& flag) const;
  size_t IndexOf(std::string_view operand) const;
  std::optional<std::string> Value(const Flag& flag) const;

  const Verb* verb_;
  std::vector<const Flag*> flags_;
  std::map<std::string_view, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

// The value of a flag that has no default and must be given. Throws Error{kInvalidArgument}.
std::string RequiredText(const Arguments& arguments, const TextFlag& flag);

}  // namespace hlwq::cli
