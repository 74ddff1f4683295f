#include "cli/help.h"

#include <gtest/gtest.h>

#include "cli/man.h"
#include "tests/cli/small_table.h"

namespace hlwq::cli {
namespace {

TEST(Help, ShowsOneVerbWhole) {
  const CommandTable table = SmallTable();
  EXPECT_EQ(RenderVerbHelp(table, *table.FindVerb("paint"), {.width = 80}),
            R"(hlwq paint: Paint a wall

Usage
  hlwq paint [FLAGS] WALL [TOOL]

  First paragraph.

  Second paragraph.

Arguments
  WALL                    what to paint
  TOOL                    with what

Coding
  -c, --coats N           How many coats.
                          [1 to 9; default: 2]

      --gloss X           How shiny.

      --color NAME        Which color.
                          More about color.
                            white  plain
                            green  calm
                          [default: white]

      --thinner           Thin the paint.
                          [with --color green]

      --leaves            Paint leaves.
                          [sets --color green; sets --coats 3]

Which tensors
      --skip GLOB         What to leave out.
                          [may be repeated]

Output
      --bucket SIZE       Size of the bucket.
                          [default: 5GB]

      --log FILE          Where to write.

Running
      --fresh             Begin anew.
                          [not with --again]

  -a, --again             Go on.

General
  -q, --quiet             Say nothing.

      --json              Print JSON.

  -h, --help              Explain.

Examples
  $ hlwq paint north
    One wall.
)");
}

TEST(Help, ShortHelpGivesOneLineForEachFlag) {
  const CommandTable table = SmallTable();
  const std::string help =
      RenderVerbHelp(table, *table.FindVerb("paint"), {.width = 80, .is_long = false});
  EXPECT_NE(help.find("  -c, --coats N           How many coats [1 to 9; default: 2]\n"),
            help.npos);
  EXPECT_EQ(help.find("More about color"), help.npos);
}

TEST(Help, ColorsOnlyWhereAsked) {
  const CommandTable table = SmallTable();
  const Verb& verb = *table.FindVerb("paint");
  EXPECT_EQ(RenderVerbHelp(table, verb, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(RenderVerbHelp(table, verb, {.style = {.bold = "\x1b[1m"}}).find("\x1b[1mCoding"),
            std::string::npos);
}

TEST(ManPage, EscapesWhatRoffWouldTakeForItself) {
  const CommandTable table({{.name = "x",
                             .group = "g",
                             .summary = "A back\\slash",
                             .description = ".A line that begins with a dot\n'and a quote.",
                             .run = RunNothing}},
                           {});
  const std::string man = RenderManPage(table);
  EXPECT_NE(man.find("A back\\eslash"), man.npos);
  EXPECT_NE(man.find("\n\\&.A line"), man.npos);
  EXPECT_NE(man.find("\n\\&'and a quote."), man.npos);
}

}  // namespace
}  // namespace hlwq::cli
