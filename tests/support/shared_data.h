// Data that not every checkout has beside it: real weights and published checkpoints.
#pragma once

#include <filesystem>
#include <string_view>

#include <gtest/gtest.h>

namespace hlwq::test {

// `name` inside $HLWQ_SHARED_DATA, or inside ../shared/data beside the source tree; the path need not exist.
std::filesystem::path SharedData(std::string_view name);

// `name` inside tests/golden of the source tree.
std::filesystem::path Golden(std::string_view name);

}  // namespace hlwq::test

// Skips the running test, with a clear word, where the data is absent.
#define HLWQ_REQUIRE_SHARED(path)                                     \
  do {                                                                \
    if (!std::filesystem::exists(path)) {                             \
      GTEST_SKIP() << "shared data not present: " << (path).string(); \
    }                                                                 \
  } while (false)
