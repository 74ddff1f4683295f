#include "cli/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "cli/help.h"
#include "tests/cli/small_table.h"

namespace hlwq::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const CommandTable& Table() {
  static const CommandTable table = SmallTable();
  return table;
}

CommandLine Parse(const std::vector<std::string_view>& words) {
  return ParseCommandLine(Table(), words);
}

Arguments Paint(std::vector<std::string_view> words) {
  words.insert(words.begin(), "paint");
  return *Parse(words).arguments;
}

std::string Refusal(const std::vector<std::string_view>& words) {
  try {
    Parse(words);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(Parser, DefaultsStandWhereNothingIsGiven) {
  const Arguments arguments = Paint({"north"});
  EXPECT_EQ(arguments.Operand("WALL"), "north");
  EXPECT_EQ(arguments.Operand("TOOL"), "");
  EXPECT_EQ(arguments.Integer(paint::kCoats), 2);
  EXPECT_EQ(arguments.Text(paint::kColor), "white");
  EXPECT_EQ(arguments.Bytes(paint::kBucket), 5'000'000'000u);
  EXPECT_EQ(arguments.FindNumber(paint::kGloss), std::nullopt);
  EXPECT_EQ(arguments.FindText(paint::kLog), std::nullopt);
  EXPECT_THAT(arguments.List(paint::kSkip), IsEmpty());
  EXPECT_FALSE(arguments.Has(paint::kCoats));
  EXPECT_FALSE(arguments.quiet());
}

TEST(Parser, TakesEverySpellingOfAValue) {
  for (const std::vector<std::string_view>& words :
       {std::vector<std::string_view>{"north", "--coats", "3"},
        {"--coats=3", "north"},
        {"north", "-c", "3"},
        {"-c3", "north"},
        {"north", "-c=3"},
        {"-qc3", "north"}}) {
    EXPECT_EQ(Paint(words).Integer(paint::kCoats), 3);
  }
}

TEST(Parser, ValuesMayBeNegativeNumbers) {
  EXPECT_EQ(Paint({"north", "--gloss", "-1.5"}).Number(paint::kGloss), -1.5);
}

TEST(Parser, TheLastValueWinsAndListsKeepAll) {
  const Arguments arguments = Paint({"n", "--coats=3", "--skip", "a*", "--coats=4", "--skip=b=c"});
  EXPECT_EQ(arguments.Integer(paint::kCoats), 4);
  EXPECT_THAT(arguments.List(paint::kSkip), ElementsAre("a*", "b=c"));
}

TEST(Parser, SwitchesJoin) {
  const Arguments arguments = Paint({"-qa", "n"});
  EXPECT_TRUE(arguments.quiet());
  EXPECT_TRUE(arguments.Switch(paint::kAgain));
}

TEST(Parser, TwoDashesEndTheFlagsAndOneIsAnOperand) {
  EXPECT_EQ(Paint({"--", "--coats"}).Operand("WALL"), "--coats");
  EXPECT_EQ(Paint({"-"}).Operand("WALL"), "-");
}

TEST(Parser, ARepeatedOperandTakesAllThatFollow) {
  const Arguments arguments = *Parse({"wash", "warm", "north", "-q", "south", "east"}).arguments;
  EXPECT_EQ(arguments.Operand("WITH"), "warm");
  EXPECT_EQ(arguments.Operand("WALL"), "north");
  EXPECT_THAT(arguments.Operands("WALL"), ElementsAre("north", "south", "east"));
  EXPECT_THAT(Parse({"wash", "warm"}).arguments->Operands("WALL"), IsEmpty());
  EXPECT_EQ(UsageLine(*Table().FindVerb("wash")), "hlwq wash [FLAGS] WITH [WALL...]");
}

TEST(Parser, HelpAndVersionWinOverWhatIsMissing) {
  using Action = CommandLine::Action;
  EXPECT_EQ(Parse({"--help"}).action, Action::kLongHelp);
  EXPECT_EQ(Parse({"-h"}).action, Action::kShortHelp);
  EXPECT_EQ(Parse({"--version"}).action, Action::kVersion);
  EXPECT_EQ(Parse({"-V"}).action, Action::kVersion);
  const CommandLine line = Parse({"paint", "--help"});
  EXPECT_EQ(line.action, Action::kLongHelp);
  EXPECT_EQ(line.verb->name, "paint");
  EXPECT_EQ(Parse({"paint", "-h"}).action, Action::kShortHelp);
}

TEST(Parser, RefusesInOneLineThatNamesTheNearestWord) {
  EXPECT_EQ(Refusal({}), "a verb is missing: hlwq help lists them");
  EXPECT_EQ(Refusal({"pait"}), "unknown verb 'pait' (did you mean 'paint'?)");
  EXPECT_EQ(Refusal({"serve"}), "unknown verb 'serve'");
  EXPECT_EQ(Refusal({"--json", "paint"}), "'--json' comes before the verb: hlwq VERB ... --json");
  EXPECT_EQ(Refusal({"paint", "--caots", "3"}),
            "unknown flag '--caots' of paint (did you mean '--coats'?)");
  EXPECT_EQ(Refusal({"paint", "--zzz=1"}), "unknown flag '--zzz' of paint");
  EXPECT_EQ(Refusal({"wash", "--coats", "3"}), "unknown flag '--coats' of wash");
  EXPECT_EQ(Refusal({"paint", "-x"}), "unknown flag '-x' of paint");
  EXPECT_EQ(Refusal({"paint", "n", "--color", "gren"}),
            "--color: want white or green, got 'gren' (did you mean 'green'?)");
}

TEST(Parser, RefusesValuesThatAreMissingOrTooMany) {
  EXPECT_EQ(Refusal({"paint", "n", "--coats"}), "--coats needs a value N");
  EXPECT_EQ(Refusal({"paint", "--coats", "--again", "n"}), "--coats needs a value N");
  EXPECT_EQ(Refusal({"paint", "n", "-c"}), "-c needs a value N");
  EXPECT_EQ(Refusal({"paint", "n", "--again=yes"}), "--again takes no value");
  EXPECT_EQ(Refusal({"paint", "n", "--log="}), "--log: the value is empty");
  EXPECT_EQ(Refusal({"paint"}), "paint needs WALL: hlwq help paint");
  EXPECT_EQ(Refusal({"paint", "a", "b", "c"}), "unexpected argument 'c': hlwq help paint");
}

TEST(Parser, RefusesValuesOutOfRange) {
  EXPECT_EQ(Refusal({"paint", "n", "--coats", "0"}),
            "--coats: want a whole number from 1 to 9, got '0'");
  EXPECT_EQ(Refusal({"paint", "n", "--coats", "10"}),
            "--coats: want a whole number from 1 to 9, got '10'");
  for (const char* text : {"3.5", "3x", "", "99999999999999999999", "+3", " 3"}) {
    EXPECT_NE(Refusal({"paint", "n", "--coats", text}), "accepted") << text;
  }
  for (const char* text : {"nan", "inf", "5.1", "1e999", "x"}) {
    EXPECT_NE(Refusal({"paint", "n", "--gloss", text}), "accepted") << text;
  }
  EXPECT_EQ(Refusal({"paint", "n", "--bucket", "9"}),
            "--bucket: want a size such as 5GB or 512MiB from 10 to 1000000000000, got '9'");
}

TEST(Parser, RefusesFlagsThatExcludeEachOther) {
  EXPECT_EQ(Refusal({"paint", "n", "--again", "--fresh"}),
            "--fresh and --again cannot go together");
}

TEST(Parser, RefusesFlagsWithoutTheValueTheyGoWith) {
  EXPECT_EQ(Refusal({"paint", "n", "--thinner"}), "--thinner goes with --color green only");
  EXPECT_EQ(Refusal({"paint", "n", "--thinner", "--color", "white"}),
            "--thinner goes with --color green only");
  EXPECT_TRUE(Paint({"n", "--thinner", "--color", "green"}).Switch(paint::kThinner));
}

TEST(Parser, AFlagSetsOthersWhereTheyAreNotGiven) {
  const Arguments implied = Paint({"n", "--leaves"});
  EXPECT_EQ(implied.Text(paint::kColor), "green");
  EXPECT_EQ(implied.Integer(paint::kCoats), 3);
  EXPECT_FALSE(implied.Has(paint::kColor));
  EXPECT_EQ(Paint({"n", "--leaves", "--coats", "7"}).Integer(paint::kCoats), 7);
  EXPECT_EQ(Refusal({"paint", "n", "--leaves", "--color", "white"}),
            "--leaves goes with --color green only");
}

template <typename Name>
concept IsAskedForAsText = requires(const Arguments& arguments, Name name) {
  arguments.Text(name);
};

TEST(Arguments, OnlyAFlagOfTheKindCanBeAskedFor) {
  static_assert(IsAskedForAsText<TextFlag>);
  static_assert(!IsAskedForAsText<IntegerFlag> && !IsAskedForAsText<const char*>);
}

TEST(Arguments, AskingForAFlagThatTheVerbLacksThrows) {
  const Arguments arguments = Paint({"n"});
  EXPECT_THROW(arguments.Text(TextFlag("colour", FlagKind::kText)), Error);
  EXPECT_THROW(arguments.Text(TextFlag("coats", FlagKind::kText)), Error);
  EXPECT_THROW(arguments.Operand("DOOR"), Error);
}

}  // namespace
}  // namespace hlwq::cli
