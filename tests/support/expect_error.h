// What a call that must be refused throws.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hlwq/error.h"

namespace hlwq::test {

// Expects an Error of this code whose line has `part` in it.
inline void ExpectError(ErrorCode code, std::string_view part, const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "accepted; want an error with '" << part << "'";
  } catch (const Error& error) {
    EXPECT_EQ(ErrorCodeName(error.code()), ErrorCodeName(code)) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(std::string(part)));
  }
}

}  // namespace hlwq::test
