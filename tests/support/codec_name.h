// Names of tests that run with each codec.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace hlwq::test {

// "hlwq-t" -> "hlwq_t", as test names want it.
inline std::string CodecTestName(const ::testing::TestParamInfo<std::string_view>& info) {
  std::string name(info.param);
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace hlwq::test
