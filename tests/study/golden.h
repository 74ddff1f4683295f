// Golden files of the study.
#pragma once

#include <filesystem>
#include <string_view>

namespace hlwq::test {

// `name` inside tests/study/golden of the source tree.
inline std::filesystem::path StudyGolden(std::string_view name) {
  return std::filesystem::path(HLWQ_STUDY_GOLDEN) / name;
}

}  // namespace hlwq::test
