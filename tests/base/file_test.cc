#include "base/file.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <array>
#include <cstring>

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

TEST(File, APointerOfGitLfsIsNotTheFile) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "weights",
                      "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n");
  try {
    File::OpenForRead(dir / "weights");
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
    EXPECT_NE(std::string(error.what()).find("a pointer of git-lfs"), std::string::npos);
  }
}

TEST(File, APipeIsRefusedAndDoesNotBlock) {
  const test::TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(CodeOf([&] { File::OpenForRead(dir / "pipe"); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { File::OpenForRead("/dev/null"); }), ErrorCode::kInvalidArgument);
}

TEST(File, ReopenedForDirectReadsIsTheSameFileEvenWhenThePathNamesAnother) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "f", "first");
  const File file = File::OpenForRead(dir / "f");
  WriteFileAtomically(dir / "f", "second");
  const File direct = file.ReopenDirect();
  if (!direct.is_open()) GTEST_SKIP() << "no direct reads in " << dir.path();
  EXPECT_EQ(direct.Identity(), file.Identity());
  alignas(kDirectAlignment) std::array<std::byte, kDirectAlignment> page;
  ASSERT_EQ(direct.ReadSomeAt(0, page), 5u);
  EXPECT_EQ(std::memcmp(page.data(), "first", 5), 0);
}

TEST(File, WhereDirectReadsAreRefusedNothingIsOpened) {
  EXPECT_FALSE(File::OpenForRead("/proc/self/status").ReopenDirect().is_open());
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
