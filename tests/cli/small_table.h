// A command table with every kind of flag, independent of the real one.
#pragma once

#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {

namespace paint {
inline constexpr IntegerFlag kCoats{"coats"};
inline constexpr NumberFlag kGloss{"gloss"};
inline constexpr TextFlag kColor{"color", FlagKind::kChoice};
inline constexpr BytesFlag kBucket{"bucket"};
inline constexpr ListFlag kSkip{"skip"};
inline constexpr TextFlag kLog{"log", FlagKind::kPath};
inline constexpr SwitchFlag kThinner{"thinner"};
inline constexpr SwitchFlag kLeaves{"leaves"};
inline constexpr SwitchFlag kFresh{"fresh"};
inline constexpr SwitchFlag kAgain{"again"};
}  // namespace paint

inline int RunNothing(const Arguments&) { return 0; }

inline CommandTable SmallTable() {
  return CommandTable({{.name = "paint",
                        .group = "Work",
                        .summary = "Paint a wall",
                        .description = "First paragraph.\n\nSecond paragraph.",
                        .operands = {{"WALL", "what to paint"}, {"TOOL", "with what", false}},
                        .examples = {{"hlwq paint north", "One wall."}},
                        .run = RunNothing},
                       {.name = "wash",
                        .group = "Work",
                        .summary = "Wash it",
                        .description = "All.",
                        .operands = {{"WITH", "water"}, {"WALL", "what to wash", false, true}},
                        .run = RunNothing}},
                      {{.id = paint::kCoats,
                        .short_name = 'c',
                        .value_name = "N",
                        .category = Category::kCoding,
                        .verbs = {"paint"},
                        .default_value = "2",
                        .minimum = 1,
                        .maximum = 9,
                        .summary = "How many coats"},
                       {.id = paint::kGloss,
                        .value_name = "X",
                        .category = Category::kCoding,
                        .verbs = {"paint"},
                        .minimum = -5,
                        .maximum = 5,
                        .summary = "How shiny"},
                       {.id = paint::kColor,
                        .value_name = "NAME",
                        .category = Category::kCoding,
                        .verbs = {"paint"},
                        .default_value = "white",
                        .choices = {{"white", "plain"}, {"green", "calm"}},
                        .summary = "Which color",
                        .details = "More about color."},
                       {.id = paint::kBucket,
                        .value_name = "SIZE",
                        .category = Category::kOutput,
                        .verbs = {"paint"},
                        .default_value = "5GB",
                        .minimum = 10,
                        .maximum = 1e12,
                        .summary = "Size of the bucket"},
                       {.id = paint::kSkip,
                        .value_name = "GLOB",
                        .category = Category::kSelection,
                        .verbs = {"paint"},
                        .summary = "What to leave out"},
                       {.id = paint::kLog,
                        .value_name = "FILE",
                        .category = Category::kOutput,
                        .verbs = {"paint"},
                        .summary = "Where to write"},
                       {.id = paint::kThinner,
                        .category = Category::kCoding,
                        .verbs = {"paint"},
                        .only_with = {"color", "green"},
                        .summary = "Thin the paint"},
                       {.id = paint::kLeaves,
                        .category = Category::kCoding,
                        .verbs = {"paint"},
                        .only_with = {"color", "green"},
                        .implies = {{"color", "green"}, {"coats", "3"}},
                        .summary = "Paint leaves"},
                       {.id = paint::kFresh,
                        .category = Category::kRun,
                        .verbs = {"paint"},
                        .conflicts = {"again"},
                        .summary = "Begin anew"},
                       {.id = paint::kAgain,
                        .short_name = 'a',
                        .category = Category::kRun,
                        .verbs = {"paint"},
                        .summary = "Go on"},
                       {.id = flag::kQuiet, .short_name = 'q', .summary = "Say nothing"},
                       {.id = flag::kJson, .summary = "Print JSON"},
                       {.id = flag::kHelp, .short_name = 'h', .summary = "Explain"}});
}

}  // namespace hlwq::cli
