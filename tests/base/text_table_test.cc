#include "base/text_table.h"

#include <gtest/gtest.h>

namespace hlwq {
namespace {

using Align = TextTable::Align;

TEST(TextTable, AlignsColumnsAndEndsLinesWithoutBlanks) {
  TextTable table({{"tensor"}, {"dB", Align::kRight}, {"note"}});
  table.AddRow({"a.weight", "27.15"});
  table.AddRow({"ö", "3.00", "low"});
  table.AddRule();
  table.AddRow({"all", "9"});
  EXPECT_EQ(table.Render({}),
            "tensor       dB  note\n"
            "─────────────────────\n"
            "a.weight  27.15\n"
            "ö          3.00  low\n"
            "─────────────────────\n"
            "all           9\n");
}

TEST(TextTable, ShortensTheWidestColumnToFit) {
  TextTable table({{"tensor"}, {"dB", Align::kRight}});
  table.AddRow({"model.layers.0.self_attn.q_proj.weight", "27.15"});
  EXPECT_EQ(table.Render({.width = 30}),
            "tensor                      dB\n"
            "──────────────────────────────\n"
            "model.layers.0.self_at…  27.15\n");
}

TEST(TextTable, NamesFromFilesCannotDriveTheTerminal) {
  TextTable table({{"tensor"}});
  table.AddRow({"\x1b[2J"});
  EXPECT_EQ(table.Render({}).find('\x1b'), std::string::npos);
}

TEST(TextTable, ShortensOneColumnAfterAnother) {
  TextTable table({{"tensor"}, {"shape"}, {"dB", Align::kRight}});
  table.AddRow({"model.layers.0.self_attn.q_proj.weight", "[1024, 4096, 16384, 128]", "27.15"});
  EXPECT_EQ(table.Render({.width = 40}),
            "tensor        shape                   dB\n"
            "────────────────────────────────────────\n"
            "model.layer…  [1024, 4096, 16384…  27.15\n");
}

TEST(TextTable, StylesTitlesAndRulesAlone) {
  TextTable table({{"a"}});
  table.AddRow({"b"});
  EXPECT_EQ(table.Render({.style = {.bold = "<b>", .dim = "<d>", .reset = "</>"}}),
            "<b>a</>\n<d>─</>\nb\n");
}

TEST(RenderPairs, PutsValuesInOneColumn) {
  EXPECT_EQ(RenderPairs({{"format", "polar_state"}, {"bits", "5"}}, {}),
            "format  polar_state\nbits    5\n");
}

}  // namespace
}  // namespace hlwq
