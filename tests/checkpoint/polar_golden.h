// The folders of tests/golden/{good,bad}/polar, one parameter each.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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

}  // namespace hlwq::test
