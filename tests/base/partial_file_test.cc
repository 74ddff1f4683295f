#include "base/partial_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <span>
#include <string>

#include "base/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

void Write(const PartialFile& partial, const std::string& text) {
  partial.file().WriteAt(0, std::as_bytes(std::span(text)));
}

TEST(PartialFile, HasItsNameWhenFinishedAndReplacesWhatHadIt) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "f", "old and longer");
  PartialFile partial(dir / "f");
  Write(partial, "new");
  EXPECT_EQ(ReadSmallFile(dir / "f", 100), "old and longer");
  partial.Finish();
  EXPECT_EQ(ReadSmallFile(dir / "f", 100), "new");
  EXPECT_FALSE(std::filesystem::exists(dir / "f.partial"));
}

TEST(PartialFile, LeavesNothingWhenItIsGivenUp) {
  const test::TempDir dir;
  {
    const PartialFile partial(dir / "f");
    Write(partial, "half");
    EXPECT_TRUE(std::filesystem::exists(dir / "f.partial"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(PartialFile, OneAtATimeWritesToAPath) {
  const test::TempDir dir;
  PartialFile first(dir / "f");
  Write(first, "first");
  test::ExpectError(ErrorCode::kAlreadyExists, "f.partial: another process is writing it",
                    [&] { PartialFile second(dir / "f"); });
  first.Finish();
  PartialFile third(dir / "f");
  Write(third, "third");
  third.Finish();
  EXPECT_EQ(ReadSmallFile(dir / "f", 100), "third");
}

TEST(PartialFile, BeginsEmptyOverWhatAKilledProcessLeft) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "f.partial", "left by another");
  PartialFile partial(dir / "f");
  Write(partial, "new");
  partial.Finish();
  EXPECT_EQ(ReadSmallFile(dir / "f", 100), "new");
}

TEST(PartialFile, AFolderInItsPlaceIsRefusedAtOnce) {
  const test::TempDir dir;
  try {
    const PartialFile partial(dir.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(std::string(error.what()),
              dir.path().string() + ": want a file to write, got a folder");
  }
}

TEST(PartialFile, AFolderThatTookItsPlaceIsAnIoErrorAndLeavesNothing) {
  const test::TempDir dir;
  {
    PartialFile partial(dir / "f");
    std::filesystem::create_directory(dir / "f");
    EXPECT_THROW(partial.Finish(), Error);
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "f.partial"));
}

}  // namespace
}  // namespace hlwq
