#include "base/byte_source.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"

namespace hlwq {
namespace {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::string version = "v1")
      : text_(std::move(text)), version_(std::move(version)) {}

  uint64_t SizeBytes() const noexcept override { return text_.size(); }
  const std::string& version() const noexcept override { return version_; }
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), text_.data() + offset, out.size());
  }
  void PrefetchHint(uint64_t offset, uint64_t length) const noexcept override {
    hint_end = offset + length;
  }

  mutable uint64_t hint_end = 0;

 private:
  std::string text_, version_;
};

File Open(std::string text, std::string version = "v1") {
  return File::OfSource("far/away.bin",
                        std::make_shared<TextSource>(std::move(text), std::move(version)));
}

TEST(ByteSource, AFileOfItReadsAsAFileDoes) {
  const File file = Open("hadamard");
  EXPECT_TRUE(file.is_open());
  EXPECT_TRUE(file.is_remote());
  EXPECT_EQ(file.SizeBytes(), 8u);
  std::string back(4, '\0');
  file.ReadAt(4, std::as_writable_bytes(std::span(back)));
  EXPECT_EQ(back, "mard");
  EXPECT_EQ(file.ReadSomeAt(6, std::as_writable_bytes(std::span(back))), 2u);
  EXPECT_EQ(file.ReadSomeAt(9, std::as_writable_bytes(std::span(back))), 0u);
  EXPECT_EQ(ReadSmallFile(file, 100), "hadamard");
  EXPECT_THROW(file.ReadAt(6, std::as_writable_bytes(std::span(back))), Error);
}

TEST(ByteSource, HintsStayWithinTheSize) {
  const auto source = std::make_shared<TextSource>("hadamard");
  const File file = File::OfSource("x", source);
  file.PrefetchHint(6, 100);
  EXPECT_EQ(source->hint_end, 8u);
  file.PrefetchHint(9, 1);
  EXPECT_EQ(source->hint_end, 8u);
}

TEST(ByteSource, TheIdentityFollowsVersionAndSize) {
  EXPECT_EQ(Open("ab").Identity(), Open("cd").Identity());
  EXPECT_NE(Open("ab").Identity(), Open("ab", "v2").Identity());
  EXPECT_NE(Open("ab").Identity(), Open("abc").Identity());
}

TEST(ByteSource, WhatNeedsAFileOfThisMachineIsRefusedByName) {
  const File file = Open("hadamard");
  EXPECT_FALSE(file.ReopenDirect().is_open());
  file.StartWriteback(0, 8);  // may do nothing
  const std::function<void()> refused[] = {
      [&] { file.WriteAt(0, std::as_bytes(std::span("x", 1))); },
      [&] { file.Truncate(0); },
      [&] { file.Sync(); },
      [&] { (void)file.TryLock(); },
      [&] { MappedFile mapped(file); },
  };
  for (const auto& call : refused) {
    try {
      call();
      ADD_FAILURE() << "was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      EXPECT_NE(std::string(error.what()).find("far/away.bin: cannot be "), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hlwq
