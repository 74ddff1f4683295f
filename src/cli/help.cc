#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hlwq/version.h"

namespace hlwq::cli {
namespace {

constexpr std::array kCategories = {Category::kCoding,   Category::kSelection, Category::kInput,
                                    Category::kSampling, Category::kOutput,    Category::kRun,
                                    Category::kExperts,  Category::kGeneral};
constexpr size_t kIndent = 2;
// Help starts beside a term of up to this many columns, else on the next line.
constexpr size_t kTermColumn = 26;

class Page {
 public:
  explicit Page(const HelpLayout& layout) : layout_(layout) {}

  void Title(std::string_view name, std::string_view summary) {
    text_ += fmt::format("{}{}{}: {}\n", layout_.style.bold, name, layout_.style.reset, summary);
  }
  void Heading(std::string_view title) {
    text_ += fmt::format("\n{}{}{}\n", layout_.style.bold, title, layout_.style.reset);
  }
  void Paragraphs(std::string_view text, size_t indent) {
    for (const std::string& line : Wrap(text, layout_.width - indent)) Line(indent, line);
  }
  // A term in the left column, its explanation in the right one.
  void Entry(std::string_view term, std::string_view explanation) {
    const std::string styled = fmt::format("{}{}{}", layout_.style.cyan, term, layout_.style.reset);
    const size_t term_width = kIndent + DisplayWidth(term);
    const std::vector<std::string> lines = Wrap(explanation, layout_.width - kTermColumn);
    size_t first = 0;
    if (term_width + 2 <= kTermColumn && !lines.empty()) {
      Line(kIndent, styled + std::string(kTermColumn - term_width, ' ') + lines[first++]);
    } else {
      Line(kIndent, styled);
    }
    for (; first < lines.size(); ++first) Line(kTermColumn, lines[first]);
  }
  void Line(size_t indent, std::string_view line) {
    if (!line.empty()) text_ += std::string(indent, ' ');
    text_ += line;
    text_ += '\n';
  }

  std::string Take() { return std::move(text_); }

 private:
  const HelpLayout& layout_;
  std::string text_;
};

// Choices as "  name  what it does", the second column wrapped under itself.
std::string ChoiceLines(const Flag& flag, size_t width) {
  size_t name_width = 0;
  for (const Choice& choice : flag.choices) name_width = std::max(name_width, choice.name.size());
  const size_t column = kIndent + name_width + 2;
  std::string text;
  for (const Choice& choice : flag.choices) {
    std::string left = fmt::format("  {:<{}}  ", choice.name, name_width);
    for (const std::string& line : Wrap(choice.help, width - column)) {
      text += fmt::format("\n{}{}", left, line);
      left = std::string(column, ' ');
    }
  }
  return text;
}

std::string LongFlagText(const Flag& flag, size_t width) {
  std::string text = fmt::format("{}.", flag.summary);
  if (!flag.details.empty()) text += fmt::format("\n{}", flag.details);
  text += ChoiceLines(flag, width);
  if (const std::string facts = FlagFacts(flag); !facts.empty())
    text += fmt::format("\n[{}]", facts);
  return text;
}

std::string ShortFlagText(const Flag& flag) {
  const std::string facts = FlagFacts(flag);
  return facts.empty() ? std::string(flag.summary) : fmt::format("{} [{}]", flag.summary, facts);
}

void AddFlags(Page& page, const std::vector<const Flag*>& flags, const HelpLayout& layout) {
  for (const Category category : kCategories) {
    bool is_first = true;
    for (const Flag* flag : flags) {
      if (flag->category != category) continue;
      if (is_first) page.Heading(CategoryTitle(category));
      if (!is_first && layout.is_long) page.Line(0, "");
      is_first = false;
      page.Entry(FlagSynopsis(*flag), layout.is_long
                                          ? LongFlagText(*flag, layout.width - kTermColumn)
                                          : ShortFlagText(*flag));
    }
  }
}

}  // namespace

std::string UsageLine(const Verb& verb) {
  std::string line = fmt::format("hlwq {} [FLAGS]", verb.name);
  for (const Positional& operand : verb.operands) {
    const std::string name = fmt::format("{}{}", operand.name, operand.is_repeated ? "..." : "");
    line += operand.is_required ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
  }
  return line;
}

std::string FlagSynopsis(const Flag& flag) {
  std::string text = flag.short_name != 0 ? fmt::format("-{}, ", flag.short_name) : "    ";
  text += fmt::format("--{}", flag.name());
  if (!flag.value_name.empty()) text += fmt::format(" {}", flag.value_name);
  return text;
}

std::string FlagFacts(const Flag& flag) {
  std::vector<std::string> facts;
  if (flag.kind() == FlagKind::kInteger && flag.maximum < 1e15) {
    facts.push_back(fmt::format("{:.17g} to {:.17g}", flag.minimum, flag.maximum));
  }
  if (flag.kind() == FlagKind::kList) facts.emplace_back("may be repeated");
  if (!flag.default_value.empty()) facts.push_back(fmt::format("default: {}", flag.default_value));
  if (!flag.conflicts.empty()) {
    facts.push_back(fmt::format("not with --{}", fmt::join(flag.conflicts, ", --")));
  }
  for (const FlagValue& implied : flag.implies) {
    facts.push_back(fmt::format("sets --{} {}", implied.flag, implied.value));
  }
  // What the flag sets by itself needs no word.
  const auto& [other, value] = flag.only_with;
  if (!other.empty() &&
      std::ranges::find(flag.implies, other, &FlagValue::flag) == flag.implies.end()) {
    facts.push_back(fmt::format("with --{} {}", other, value));
  }
  return fmt::format("{}", fmt::join(facts, "; "));
}

std::string RenderOverview(const CommandTable& table, const HelpLayout& layout) {
  Page page(layout);
  page.Title(fmt::format("hlwq {}", kVersion),
             "Hadamard-Lloyd weight quantization of Hugging Face checkpoints");
  page.Heading("Usage");
  page.Line(kIndent, "hlwq VERB [FLAGS] [ARGUMENTS]");
  std::vector<std::string_view> groups;
  for (const Verb& verb : table.verbs()) {
    if (std::ranges::find(groups, verb.group) == groups.end()) groups.push_back(verb.group);
  }
  for (const std::string_view group : groups) {
    page.Heading(group);
    for (const Verb& verb : table.verbs()) {
      if (verb.group == group) page.Entry(verb.name, verb.summary);
    }
  }
  page.Heading("Flags of every verb");
  for (const Flag& flag : table.flags()) {
    if (flag.verbs.empty()) page.Entry(FlagSynopsis(flag), flag.summary);
  }
  page.Heading("Exit status");
  page.Entry("0", "success");
  page.Entry("1", "a check came out negative: compare below its bar, verify with damage found");
  page.Entry("2", "an error, told in one line on stderr");
  return page.Take();
}

std::string RenderVerbHelp(const CommandTable& table, const Verb& verb, const HelpLayout& layout) {
  Page page(layout);
  page.Title(fmt::format("hlwq {}", verb.name), verb.summary);
  page.Heading("Usage");
  page.Line(kIndent, UsageLine(verb));
  if (layout.is_long) {
    page.Line(0, "");
    page.Paragraphs(verb.description, kIndent);
  }
  if (!verb.operands.empty()) {
    page.Heading("Arguments");
    for (const Positional& operand : verb.operands) page.Entry(operand.name, operand.help);
  }
  AddFlags(page, table.FlagsOf(verb), layout);
  if (layout.is_long && !verb.examples.empty()) {
    page.Heading("Examples");
    for (const Example& example : verb.examples) {
      page.Line(kIndent,
                fmt::format("{}$ {}{}", layout.style.cyan, example.command, layout.style.reset));
      page.Paragraphs(example.note, 2 * kIndent);
    }
  }
  return page.Take();
}

}  // namespace hlwq::cli
