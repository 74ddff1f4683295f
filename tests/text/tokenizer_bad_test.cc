// Files that must be refused: tests/golden/bad/tokenizer.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/shared_data.h"
#include "text/tokenizer.h"

namespace hlwq::text {
namespace {

TEST(BadTokenizers, EachIsRefusedWithOneLine) {
  // Patterns that take too many steps show only where there is something to match.
  const std::string text = std::string(200, 'a') + "?";
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::Golden("bad/tokenizer"))) {
    SCOPED_TRACE(file.path().filename().string());
    ++files;
    try {
      const Tokenizer tokenizer(ReadSmallFile(file.path(), 1 << 20));
      tokenizer.Encode(text);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      const std::string line = error.what();
      EXPECT_TRUE(error.code() == ErrorCode::kInvalidData ||
                  error.code() == ErrorCode::kUnsupported)
          << line;
      EXPECT_FALSE(line.empty());
      EXPECT_EQ(line.find_first_of("\r\n"), line.npos) << line;
      EXPECT_LT(line.size(), 500u) << line;
    }
  }
  EXPECT_GT(files, 80u);
}

}  // namespace
}  // namespace hlwq::text
