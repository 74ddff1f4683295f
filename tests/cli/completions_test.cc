#include "cli/completions.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/cli/small_table.h"

namespace hlwq::cli {
namespace {

TEST(Completions, OfferChoicesAndFilesWhereTheFlagTakesThem) {
  const CommandTable table = SmallTable();
  const std::string bash = RenderCompletions(table, "bash");
  EXPECT_NE(bash.find("--color)\n            mapfile -t COMPREPLY < <(compgen -W \"white green\""),
            bash.npos);
  EXPECT_NE(bash.find("--log)\n            mapfile -t COMPREPLY < <(compgen -f --"), bash.npos);
  EXPECT_NE(bash.find("--coats|-c)\n            return"), bash.npos);
  const std::string zsh = RenderCompletions(table, "zsh");
  EXPECT_NE(zsh.find("'--color[Which color]:NAME:(white green)'"), zsh.npos);
  EXPECT_NE(zsh.find("'(-c --coats)'{-c,--coats}'[How many coats]:N: '"), zsh.npos);
  EXPECT_NE(zsh.find("'*--skip[What to leave out]:GLOB: '"), zsh.npos);
  const std::string fish = RenderCompletions(table, "fish");
  EXPECT_NE(fish.find("-l color -x -a 'white green' -d 'Which color'"), fish.npos);
  EXPECT_NE(fish.find("-l log -r -F -d"), fish.npos);
}

TEST(Completions, QuotesInSummariesDoNotEndTheString) {
  const CommandTable table({{.name = "x",
                             .group = "g",
                             .summary = "It's: this",
                             .description = "d.",
                             .run = RunNothing}},
                           {{.id = SwitchFlag("y"), .summary = "A 'word' [in] brackets"}});
  EXPECT_NE(RenderCompletions(table, "zsh").find(R"('x:It'\''s\: this')"), std::string::npos);
  EXPECT_NE(RenderCompletions(table, "zsh").find(R"([A '\''word'\'' \[in\] brackets])"),
            std::string::npos);
  EXPECT_NE(RenderCompletions(table, "fish").find(R"(-d 'It'\''s: this')"), std::string::npos);
}

TEST(Completions, AnUnknownShellIsRefused) {
  EXPECT_THROW(RenderCompletions(SmallTable(), "tcsh"), Error);
}

}  // namespace
}  // namespace hlwq::cli
