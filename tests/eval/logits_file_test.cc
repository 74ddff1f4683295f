#include "eval/logits_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "io/safetensors.h"
#include "tests/support/temp_dir.h"

namespace hlwq::eval {
namespace {

namespace fs = std::filesystem;

std::vector<float> ReadTensor(const io::SafetensorsFile& file, const std::string& name) {
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    if (entry.name != name) continue;
    std::vector<float> values(entry.bytes() / sizeof(float));
    file.file().ReadAt(file.header().data_offset + entry.begin,
                       std::as_writable_bytes(std::span(values)));
    return values;
  }
  return {};
}

// Values that say where they belong.
std::vector<float> Row(size_t what, size_t sequence, size_t token, size_t width) {
  std::vector<float> row(width);
  for (size_t i = 0; i < width; ++i) {
    row[i] = static_cast<float>(((what * 10 + sequence) * 10 + token) * 10 + i);
  }
  return row;
}

TEST(LogitsFile, HoldsWhatWasWrittenInAnyOrder) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "out.safetensors";
  const LogitsShape shape = {
      .sequences = 2, .tokens = 3, .vocabulary = 5, .hidden = 4, .hidden_states = 2};
  {
    LogitsFile file(path, shape);
    for (size_t sequence : {1, 0}) {
      for (size_t token : {2, 0, 1}) {
        file.WriteLogits(sequence, token, Row(9, sequence, token, 5));
        for (size_t index : {0, 1, 2}) {
          file.WriteHidden(index, sequence, token, Row(index, sequence, token, 4));
        }
      }
    }
    EXPECT_FALSE(fs::exists(path)) << "seen before it is whole";
    file.Finish();
  }
  const io::SafetensorsFile file = io::SafetensorsFile::Open(path);
  ASSERT_EQ(file.header().entries.size(), 4u);
  const auto expect = [&](const std::string& name, size_t what, size_t width) {
    std::vector<float> want;
    for (size_t sequence : {0, 1}) {
      for (size_t token : {0, 1, 2}) {
        const std::vector<float> row = Row(what, sequence, token, width);
        want.insert(want.end(), row.begin(), row.end());
      }
    }
    EXPECT_EQ(ReadTensor(file, name), want) << name;
  };
  expect("logits", 9, 5);
  expect("hidden_0", 0, 4);
  expect("hidden_1", 1, 4);
  expect("hidden_norm", 2, 4);
}

TEST(LogitsFile, LeavesNothingWhenItIsNotFinished) {
  const test::TempDir folder;
  {
    LogitsFile file(folder.path() / "out.safetensors",
                    {.sequences = 1, .tokens = 1, .vocabulary = 2});
    file.WriteLogits(0, 0, std::vector<float>{1, 2});
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(LogitsFile, KeepsWhatWasThereUntilItIsWhole) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "out.safetensors";
  const auto write = [&](float value, bool is_finished) {
    LogitsFile file(path, {.sequences = 1, .tokens = 1, .vocabulary = 1});
    file.WriteLogits(0, 0, std::vector<float>{value});
    if (is_finished) file.Finish();
  };
  write(1, true);
  write(2, false);
  EXPECT_EQ(ReadTensor(io::SafetensorsFile::Open(path), "logits"), std::vector<float>{1});
  write(3, true);
  EXPECT_EQ(ReadTensor(io::SafetensorsFile::Open(path), "logits"), std::vector<float>{3});
}

TEST(LogitsFile, RefusesWhatCannotBeWritten) {
  const test::TempDir folder;
  const LogitsShape shape = {.sequences = 1, .tokens = 1, .vocabulary = 1};
  const auto code_of = [](const fs::path& path, const LogitsShape& wanted) {
    try {
      LogitsFile file(path, wanted);
    } catch (const Error& error) {
      return ErrorCodeName(error.code());
    }
    return std::string_view("none");
  };
  EXPECT_EQ(code_of(folder.path(), shape), "invalid_argument");
  EXPECT_EQ(code_of(folder.path() / "absent/out.safetensors", shape), "io");
  LogitsShape huge = shape;
  huge.sequences = huge.tokens = huge.vocabulary = size_t{1} << 31;
  EXPECT_EQ(code_of(folder.path() / "out", huge), "invalid_argument");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace hlwq::eval
