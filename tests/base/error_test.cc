#include "base/error.h"

#include <gtest/gtest.h>

namespace hlwq {
namespace {

TEST(Error, ContextsComeOutermostFirst) {
  try {
    WithContext("model.safetensors", [] {
      WithContext("'w'", [] { throw Error(ErrorCode::kInvalidData, "want BF16, got F16"); });
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "model.safetensors: 'w': want BF16, got F16");
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
  }
}

TEST(Error, EveryCodeHasANameAndExitsWithTwo) {
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kInvalidData, ErrorCode::kUnsupported,
        ErrorCode::kNotFound, ErrorCode::kAlreadyExists, ErrorCode::kIo, ErrorCode::kSourceChanged,
        ErrorCode::kNonFinite}) {
    EXPECT_FALSE(ErrorCodeName(code).empty());
    EXPECT_EQ(ExitCode(code), 2);
  }
  EXPECT_EQ(ErrorCodeName(ErrorCode::kSourceChanged), "source_changed");
}

}  // namespace
}  // namespace hlwq
