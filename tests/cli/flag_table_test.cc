// Laws of the real command table.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cli/arguments.h"
#include "cli/completions.h"
#include "cli/flags/flags.h"
#include "cli/help.h"
#include "cli/man.h"
#include "codec/codec.h"
#include "convert/recipe.h"
#include "hlwq/convert.h"

namespace hlwq::cli {
namespace {

bool IsSentenceWithoutStop(std::string_view text) {
  return !text.empty() && !text.ends_with('.') && !text.ends_with(' ') &&
         text.find('\n') == text.npos;
}

TEST(FlagTable, EveryVerbHasWhatItsHelpShows) {
  for (const Verb& verb : HlwqCommands().verbs()) {
    EXPECT_TRUE(IsSentenceWithoutStop(verb.summary)) << verb.name;
    EXPECT_TRUE(verb.description.ends_with('.')) << verb.name;
    EXPECT_NE(verb.run, nullptr) << verb.name;
    EXPECT_FALSE(verb.group.empty()) << verb.name;
    for (const Positional& operand : verb.operands) {
      EXPECT_TRUE(IsSentenceWithoutStop(operand.help)) << verb.name << " " << operand.name;
      EXPECT_FALSE(operand.is_repeated && &operand != &verb.operands.back()) << verb.name;
    }
  }
}

TEST(FlagTable, EveryFlagIsDocumented) {
  for (const Flag& flag : HlwqCommands().flags()) {
    EXPECT_TRUE(IsSentenceWithoutStop(flag.summary)) << flag.name();
    EXPECT_TRUE(flag.details.empty() || flag.details.ends_with('.')) << flag.name();
    EXPECT_EQ(flag.kind() == FlagKind::kSwitch, flag.value_name.empty()) << flag.name();
    EXPECT_FALSE(flag.kind() == FlagKind::kChoice && flag.choices.empty()) << flag.name();
    for (const Choice& choice : flag.choices) {
      EXPECT_TRUE(IsSentenceWithoutStop(choice.help)) << flag.name() << " " << choice.name;
    }
  }
}

TEST(FlagTable, EveryVerbThatAFlagNamesExists) {
  for (const Flag& flag : HlwqCommands().flags()) {
    for (const std::string_view verb : flag.verbs) {
      EXPECT_NE(HlwqCommands().FindVerb(verb), nullptr) << flag.name() << " of " << verb;
    }
  }
}

TEST(FlagTable, NamesAreUniqueWithinAVerb) {
  for (const Verb& verb : HlwqCommands().verbs()) {
    std::set<std::string_view> names;
    std::set<char> short_names;
    for (const Flag* flag : HlwqCommands().FlagsOf(verb)) {
      EXPECT_TRUE(names.insert(flag->name()).second) << verb.name << " --" << flag->name();
      if (flag->short_name != 0) {
        EXPECT_TRUE(short_names.insert(flag->short_name).second)
            << verb.name << " -" << flag->short_name;
      }
    }
  }
}

TEST(FlagTable, DefaultsAreValidAndConflictsExist) {
  const CommandTable& table = HlwqCommands();
  for (const Verb& verb : table.verbs()) {
    const std::vector<const Flag*> flags = table.FlagsOf(verb);
    for (const Flag* flag : flags) {
      Arguments arguments(table, verb);
      if (!flag->default_value.empty()) {
        EXPECT_NO_THROW(arguments.Add(*flag, flag->default_value)) << flag->name();
      }
      for (const std::string_view other : flag->conflicts) {
        EXPECT_NE(std::ranges::find(flags, other, &Flag::name), flags.end())
            << verb.name << " --" << flag->name() << " against --" << other;
      }
      if (const auto& [other, value] = flag->only_with; !other.empty()) {
        const auto found = std::ranges::find(flags, other, &Flag::name);
        ASSERT_NE(found, flags.end()) << verb.name << " --" << flag->name() << " with --" << other;
        EXPECT_NO_THROW(arguments.Add(**found, value)) << flag->name();
      }
      for (const auto& [other, value] : flag->implies) {
        const auto found = std::ranges::find(flags, other, &Flag::name);
        ASSERT_NE(found, flags.end()) << verb.name << " --" << flag->name() << " sets --" << other;
        EXPECT_NO_THROW(arguments.Add(**found, value)) << flag->name();
      }
    }
  }
}

TEST(FlagTable, CodecsAndWhatTheyTakeByDefaultAreThoseOfTheirSpecs) {
  const CommandTable& table = HlwqCommands();
  const std::vector<const Flag*> flags = table.FlagsOf(*table.FindVerb("quantize"));
  const auto flag = [&](std::string_view name) {
    return **std::ranges::find(flags, name, &Flag::name);
  };
  std::vector<std::string_view> names;
  for (const Choice& choice : flag("codec").choices) names.push_back(choice.name);
  EXPECT_TRUE(std::ranges::is_permutation(names, codec::CodecNames()));
  EXPECT_EQ(flag("codec").default_value, names.front());
  EXPECT_EQ(flag("codec").default_value, hlwq::QuantizeOptions().codec);
  EXPECT_EQ(flag("recipe").default_value, hlwq::QuantizeOptions().recipe);
  EXPECT_EQ(flag("recipe").default_value, convert::RecipeOptions().recipe);
  EXPECT_EQ(flag("table").default_value, codec::DescribeSpec(codec::DefaultSpec("hlwq")).table);
  EXPECT_EQ(flag("scale").default_value,
            codec::DescribeSpec(codec::DefaultSpec("hlwq")).scale_rule);
  EXPECT_EQ(flag("effort").default_value,
            codec::DescribeSpec(codec::DefaultSpec("hlwq-t")).scale_rule);
}

TEST(FlagTable, HelpManPageAndCompletionsKnowEveryFlagOfEveryVerb) {
  const CommandTable& table = HlwqCommands();
  const std::string man = RenderManPage(table);
  const std::string bash = RenderCompletions(table, "bash");
  const std::string zsh = RenderCompletions(table, "zsh");
  const std::string fish = RenderCompletions(table, "fish");
  for (const Verb& verb : table.verbs()) {
    const std::string help = RenderVerbHelp(table, verb, {});
    const std::string short_help = RenderVerbHelp(table, verb, {.is_long = false});
    EXPECT_NE(RenderOverview(table, {}).find(verb.summary), std::string::npos) << verb.name;
    for (const Flag* flag : table.FlagsOf(verb)) {
      const std::string name = "--" + std::string(flag->name());
      EXPECT_NE(help.find(name), std::string::npos) << verb.name << name;
      EXPECT_NE(short_help.find(name), std::string::npos) << verb.name << name;
      EXPECT_NE(bash.find(name), std::string::npos) << verb.name << name;
      EXPECT_NE(zsh.find(name), std::string::npos) << verb.name << name;
      EXPECT_NE(fish.find("__fish_seen_subcommand_from " + std::string(verb.name) + "' -l " +
                          std::string(flag->name())),
                std::string::npos)
          << verb.name << name;
      std::string escaped = "\\-\\-";
      for (const char c : flag->name()) escaped += c == '-' ? "\\-" : std::string(1, c);
      EXPECT_NE(man.find("\\fB" +
                         (flag->short_name != 0 ? "\\-" + std::string(1, flag->short_name) + ", "
                                                : std::string()) +
                         escaped + "\\fR"),
                std::string::npos)
          << name;
      for (const Choice& choice : flag->choices) {
        EXPECT_NE(help.find(choice.name), std::string::npos) << choice.name;
        EXPECT_NE(bash.find(choice.name), std::string::npos) << choice.name;
      }
    }
  }
}

TEST(FlagTable, HelpKeepsToItsWidth) {
  const CommandTable& table = HlwqCommands();
  for (const size_t width : {60u, 80u, 100u}) {
    for (const Verb& verb : table.verbs()) {
      for (const std::string& line : Wrap(RenderVerbHelp(table, verb, {.width = width}), 10000)) {
        const bool is_literal = line.find("$ ") != line.npos || line.starts_with("hlwq ");
        EXPECT_TRUE(is_literal || DisplayWidth(line) <= width) << line;
      }
    }
  }
}

}  // namespace
}  // namespace hlwq::cli
