// Folders of tests/golden/{good,bad}/<format> that hold checkpoints, one parameter each.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/shared_data.h"

namespace hlwq::test {

// Names of the folders in tests/golden/<folder>, sorted.
inline std::vector<std::string> GoldenCases(std::string_view folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Golden(folder))) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "meta-of-4" -> "meta_of_4", as test names want it.
inline std::string CaseName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Opening the folder fails with the code and the part of a message in its error.txt, in one line
// that names the folder.
inline void ExpectRefused(const std::filesystem::path& folder) {
  std::ifstream file(folder / "error.txt");
  std::string code, message;
  ASSERT_TRUE(std::getline(file, code) && std::getline(file, message));
  try {
    checkpoint::OpenCheckpoint(folder);
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(ErrorCodeName(error.code()), code) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(message));
    EXPECT_THAT(error.what(), testing::HasSubstr(folder.filename().string()));
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

}  // namespace hlwq::test
