#include "base/file.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

ErrorCode CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  throw std::logic_error("no error thrown");
}

TEST(File, WritesAreReadBackAtTheirOffsets) {
  const test::TempDir dir;
  const File file = File::OpenForWrite(dir / "f");
  const std::string text = "hadamard";
  file.WriteAt(100, std::as_bytes(std::span(text)));
  EXPECT_EQ(file.SizeBytes(), 108u);
  std::string back(8, '\0');
  file.ReadAt(100, std::as_writable_bytes(std::span(back)));
  EXPECT_EQ(back, text);
}

TEST(File, ReadPastTheEndIsAnIoErrorThatNamesThePath) {
  const test::TempDir dir;
  const File file = File::OpenForWrite(dir / "short");
  std::string back(8, '\0');
  try {
    file.ReadAt(0, std::as_writable_bytes(std::span(back)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("short"), std::string::npos);
  }
}

TEST(File, AbsentFileIsNotFoundAndFolderIsRefused) {
  const test::TempDir dir;
  EXPECT_EQ(CodeOf([&] { File::OpenForRead(dir / "absent"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { File::OpenForRead(dir.path()); }), ErrorCode::kInvalidArgument);
}

TEST(File, APipeIsRefusedAndDoesNotBlock) {
  const test::TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf([&] { File::OpenForRead(dir / "pipe"); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { File::OpenForRead("/dev/null"); }), ErrorCode::kInvalidArgument);
}

TEST(File, LockIsExclusive) {
  const test::TempDir dir;
  const File first = File::OpenForWrite(dir / "lock");
  EXPECT_TRUE(first.TryLock());
  const File second = File::OpenForWrite(dir / "lock");
  EXPECT_FALSE(second.TryLock());
}

TEST(WriteFileAtomically, ReplacesTheWholeContentAndLeavesNothingElse) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "f", "a long first content");
  WriteFileAtomically(dir / "f", "second");
  EXPECT_EQ(ReadSmallFile(dir / "f", 100), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  EXPECT_EQ(CodeOf([&] { ReadSmallFile(dir / "f", 3); }), ErrorCode::kInvalidData);
}

}  // namespace
}  // namespace hlwq
