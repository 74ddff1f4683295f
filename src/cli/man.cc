#include "cli/man.h"

#include <fmt/format.h>

#include "cli/help.h"
#include "hlwq/version.h"

namespace hlwq::cli {
namespace {

// Text that roff prints as it stands.
std::string Escape(std::string_view text) {
  std::string result;
  bool is_line_start = true;
  for (const char c : text) {
    if (is_line_start && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    is_line_start = c == '\n';
  }
  return result;
}

// Paragraphs: "\n\n" starts one, "\n" breaks the line; `break_macro` is ".PP" or ".IP".
std::string Paragraphs(std::string_view text, std::string_view break_macro) {
  std::string result;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.empty()) {
      result += fmt::format("{}\n", break_macro);
    } else {
      if (line.starts_with("  ")) result += ".br\n";
      result += Escape(line) + "\n";
      if (!text.empty() && text.front() != '\n') result += ".br\n";
    }
  }
  return result;
}

std::string FlagEntry(const Flag& flag) {
  std::string names = flag.short_name != 0 ? fmt::format("\\-{}, ", flag.short_name) : "";
  names += fmt::format("\\-\\-{}", Escape(flag.name()));
  std::string entry = fmt::format(".TP\n\\fB{}\\fR", names);
  if (!flag.value_name.empty()) entry += fmt::format(" \\fI{}\\fR", Escape(flag.value_name));
  entry += fmt::format("\n{}.\n", Escape(flag.summary));
  if (!flag.details.empty()) entry += ".br\n" + Paragraphs(flag.details, ".IP");
  for (const Choice& choice : flag.choices) {
    entry += fmt::format(".br\n\\fB{}\\fR: {}\n", Escape(choice.name), Escape(choice.help));
  }
  if (const std::string facts = FlagFacts(flag); !facts.empty()) {
    entry += fmt::format(".br\n[{}]\n", Escape(facts));
  }
  return entry;
}

std::string VerbSection(const CommandTable& table, const Verb& verb) {
  std::string text = fmt::format(".SS {}\n", Escape(UsageLine(verb)));
  text += fmt::format("{}.\n.PP\n", Escape(verb.summary));
  text += Paragraphs(verb.description, ".PP");
  for (const Positional& operand : verb.operands) {
    text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", Escape(operand.name), Escape(operand.help));
  }
  for (const Flag* flag : table.FlagsOf(verb)) {
    if (!flag->verbs.empty()) text += FlagEntry(*flag);
  }
  for (const Example& example : verb.examples) {
    text += fmt::format(".PP\nExample:\n.PP\n.RS 4\n.EX\n{}\n.EE\n.RE\n.PP\n{}\n",
                        Escape(example.command), Paragraphs(example.note, ".PP"));
  }
  return text;
}

}  // namespace

std::string RenderManPage(const CommandTable& table) {
  std::string page = fmt::format(".TH HLWQ 1 \"\" \"hlwq {}\" \"User Commands\"\n", kVersion);
  page +=
      ".SH NAME\nhlwq \\- Hadamard\\-Lloyd weight quantization of Hugging Face checkpoints\n"
      ".SH SYNOPSIS\n\\fBhlwq\\fR \\fIVERB\\fR [\\fIFLAGS\\fR] [\\fIARGUMENTS\\fR]\n"
      ".SH DESCRIPTION\n"
      "Turns checkpoints of language models into checkpoints about three times smaller, and back.\n"
      "Each block of 128 weights is scaled by its norm, rotated by a Hadamard matrix, which makes\n"
      "its coordinates close to Gaussian, and rounded to the Lloyd\\-Max levels of that\n"
      "distribution. No calibration data is needed, and the result does not depend on the "
      "machine.\n"
      ".PP\n"
      "Data goes to standard output, talk to standard error. Outputs appear whole or not at all.\n";
  page += ".SH FLAGS OF EVERY VERB\n";
  for (const Flag& flag : table.flags()) {
    if (flag.verbs.empty()) page += FlagEntry(flag);
  }
  page += ".SH VERBS\n";
  for (const Verb& verb : table.verbs()) page += VerbSection(table, verb);
  page +=
      ".SH EXIT STATUS\n.TP\n0\nSuccess.\n.TP\n1\n"
      "A check came out negative: compare below its bar, verify with damage found.\n"
      ".TP\n2\nAn error, told in one line on standard error.\n"
      ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nWhen set and not empty, no colours are used.\n";
  return page;
}

}  // namespace hlwq::cli
