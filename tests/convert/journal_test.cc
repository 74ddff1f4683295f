#include "convert/journal.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

JournalHeader SomeHeader() {
  return {"quantize", "bits=5", 42, {{"a.safetensors", {1, 2, 3, -4, 5}, 6}}};
}

JournalEntry SomeEntry(size_t task) {
  JournalEntry entry{task, 7, {8, 9}, {}};
  entry.stats.count = 10;
  entry.stats.signal = 0.1;
  entry.stats.code_use[3] = 4;
  return entry;
}

TEST(Journal, WhatIsWrittenIsReadBackExactly) {
  const test::TempDir dir;
  JournalWriter writer(dir / "j", 0);
  writer.Write(SomeHeader());
  writer.Write(SomeEntry(0));
  writer.Write(SomeEntry(5));
  const auto content = ReadJournal(dir / "j");
  ASSERT_TRUE(content);
  EXPECT_EQ(content->header.operation, "quantize");
  EXPECT_EQ(content->header.plan_xxh3, 42u);
  EXPECT_EQ(content->header.sources.at(0).identity, (FileIdentity{1, 2, 3, -4, 5}));
  ASSERT_EQ(content->entries.size(), 2u);
  EXPECT_EQ(content->entries[1].task, 5u);
  EXPECT_EQ(content->entries[1].outputs_xxh3, (std::vector<uint64_t>{8, 9}));
  EXPECT_EQ(content->entries[1].stats.signal, 0.1);
  EXPECT_EQ(content->entries[1].stats.code_use[3], 4u);
  EXPECT_EQ(content->valid_bytes, std::filesystem::file_size(dir / "j"));
}

TEST(Journal, EveryTornTailKeepsTheWholeLinesBeforeIt) {
  const test::TempDir dir;
  {
    JournalWriter writer(dir / "j", 0);
    writer.Write(SomeHeader());
    writer.Write(SomeEntry(0));
    writer.Write(SomeEntry(1));
  }
  const std::string whole = ReadSmallFile(dir / "j", 1 << 20);
  const size_t first = whole.find('\n') + 1;
  const size_t second = whole.find('\n', first) + 1;
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFileAtomically(dir / "torn", whole.substr(0, size));
    const auto content = ReadJournal(dir / "torn");
    if (size < first) {
      EXPECT_FALSE(content);
    } else {
      ASSERT_TRUE(content);
      EXPECT_EQ(content->entries.size(), size < second ? 0u : 1u);
      EXPECT_EQ(content->valid_bytes, size < second ? first : second);
    }
  }
}

TEST(Journal, ADamagedLineEndsWhatIsKept) {
  const test::TempDir dir;
  {
    JournalWriter writer(dir / "j", 0);
    writer.Write(SomeHeader());
    writer.Write(SomeEntry(0));
    writer.Write(SomeEntry(1));
  }
  const std::string whole = ReadSmallFile(dir / "j", 1 << 20);
  for (const std::string_view damage : {"\"task\":-1", "\"task\":1.5", "\"task\":\"x\""}) {
    std::string text = whole;
    text.replace(text.find("\"task\":0"), 8, damage);
    EXPECT_EQ(ParseJournal(text)->entries.size(), 0u) << damage;
  }
  // A checksum that is none is damage like any other, not an error.
  std::string text = whole;
  text.replace(text.find("\"source_xxh3\":\"") + 15, 4, "zzzz");
  EXPECT_EQ(ParseJournal(text)->entries.size(), 0u);
  text.replace(text.find("\"plan_xxh3\":\"") + 13, 4, "zzzz");
  EXPECT_FALSE(ParseJournal(text));
}

TEST(Journal, AnotherVersionIsRefused) {
  const test::TempDir dir;
  JournalWriter(dir / "j", 0).Write(SomeHeader());
  std::string text = ReadSmallFile(dir / "j", 1 << 20);
  text.replace(text.find("_version\":1"), 11, "_version\":2");
  EXPECT_THROW(ParseJournal(text), Error);
}

TEST(Journal, OneWriterAtATime) {
  const test::TempDir dir;
  const JournalWriter writer(dir / "j", 0);
  EXPECT_THROW(JournalWriter(dir / "j", 0), Error);
}

}  // namespace
}  // namespace hlwq::convert
