#include "io/direct_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/page_memory.h"
#include "base/random.h"
#include "tests/support/temp_dir.h"

namespace hlwq::io {
namespace {

// Without zeros, which is what unwritten memory holds.
std::string Content(size_t bytes, uint64_t seed) {
  std::string content(bytes, '\0');
  for (size_t at = 0; at < bytes; ++at)
    content[at] = static_cast<char>(1 + MixBits(seed ^ at) % 250);
  return content;
}

// One stretch, waited for. Its bytes, or the failure thrown.
std::string Read(DirectReader& reader, size_t file, uint64_t offset, uint64_t bytes) {
  const PageMemory room(FileStretch::RoomFor(offset, bytes));
  const FileStretch stretch{file, offset, bytes, room.bytes()};
  std::promise<std::optional<Error>> done;
  reader.Submit({&stretch, 1},
                [&](std::optional<Error> failure) { done.set_value(std::move(failure)); });
  if (const std::optional<Error> failure = done.get_future().get()) throw *failure;
  return {reinterpret_cast<const char*>(room.bytes().data()) + FileStretch::LeadOf(offset), bytes};
}

void ExpectError(ErrorCode code, const std::string& message, const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "no error thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(std::string(error.what()), message);
  }
}

class DirectReaderKinds : public ::testing::TestWithParam<ReaderKind> {
 protected:
  void SetUp() override {
    if (GetParam() != ReaderKind::kRing) return;
    try {
      const DirectReader reader({}, {.kind = ReaderKind::kRing});
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  DirectReaderOptions Options(size_t depth = 4, size_t piece_bytes = 8192) const {
    return {.kind = GetParam(), .queue_depth = depth, .piece_bytes = piece_bytes};
  }
  // The files of the names, with this content.
  std::vector<File> Files(const std::vector<std::string>& contents) const {
    std::vector<File> files;
    for (const std::string& content : contents) {
      const std::filesystem::path path = dir_ / ("file" + std::to_string(files.size()));
      WriteFileAtomically(path, content);
      files.push_back(File::OpenForRead(path));
    }
    return files;
  }

  test::TempDir dir_;
};

TEST_P(DirectReaderKinds, AnyStretchOfAnyFileIsReadExactly) {
  const std::vector<std::string> contents = {Content(70'001, 1), Content(1, 2), Content(4096, 3)};
  const std::vector<File> files = Files(contents);
  DirectReader reader(files, Options());
  EXPECT_EQ(reader.kind(), GetParam());
  for (size_t file = 0; file < files.size(); ++file) {
    const size_t size = contents[file].size();
    for (const size_t offset : {0, 1, 511, 4095, 4096, 4097, 8192, 65'535, 69'999, 70'000}) {
      for (const size_t bytes : {1, 2, 4095, 4096, 4097, 8191, 8193, 40'000, 70'001}) {
        if (offset + bytes > size) continue;
        EXPECT_EQ(Read(reader, file, offset, bytes), contents[file].substr(offset, bytes))
            << bytes << " bytes at " << offset << " of file " << file;
      }
      if (offset < size) {
        EXPECT_EQ(Read(reader, file, offset, size - offset), contents[file].substr(offset));
      }
    }
  }
}

TEST_P(DirectReaderKinds, ReadsPastThePageCacheWhereTheFileSystemCan) {
  const std::vector<File> files = Files({Content(10'000, 1)});
  const DirectReader reader(files, Options());
  EXPECT_EQ(reader.IsDirect(0), files[0].ReopenDirect().is_open());
}

TEST_P(DirectReaderKinds, ManyRequestsFromManyThreadsGetTheirOwnBytes) {
  const std::vector<std::string> contents = {Content(300'000, 1), Content(500'000, 2)};
  const std::vector<File> files = Files(contents);
  DirectReader reader(files, Options(3));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (uint64_t thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t round = 0; round < 60; ++round) {
        const uint64_t bits = MixBits(thread * 1000 + round);
        const size_t file = bits % 2;
        const uint64_t offset = (bits >> 8) % (contents[file].size() - 1);
        const uint64_t bytes = 1 + (bits >> 32) % (contents[file].size() - offset);
        if (Read(reader, file, offset, bytes) != contents[file].substr(offset, bytes)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(DirectReaderKinds, ARequestOfSeveralStretchesEndsOnceWithAll) {
  const std::vector<std::string> contents = {Content(100'000, 1), Content(100'000, 2)};
  const std::vector<File> files = Files(contents);
  DirectReader reader(files, Options());
  const PageMemory first(FileStretch::RoomFor(10, 50'000)), second(FileStretch::RoomFor(4096, 1));
  const std::vector<FileStretch> stretches = {{0, 10, 50'000, first.bytes()},
                                              {1, 4096, 1, second.bytes()}};
  std::promise<void> done;
  std::atomic<int> calls = 0;
  reader.Submit(stretches, [&](const std::optional<Error>& failure) {
    EXPECT_FALSE(failure);
    if (++calls == 1) done.set_value();
  });
  done.get_future().get();
  EXPECT_EQ(std::memcmp(first.bytes().data() + 10, contents[0].data() + 10, 50'000), 0);
  EXPECT_EQ(std::memcmp(second.bytes().data(), contents[1].data() + 4096, 1), 0);
  EXPECT_EQ(calls, 1);
}

TEST_P(DirectReaderKinds, NothingIsWrittenPastTheRoom) {
  const std::vector<std::string> contents = {Content(100'000, 1)};
  const std::vector<File> files = Files(contents);
  DirectReader reader(files, Options());
  const uint64_t room_bytes = FileStretch::RoomFor(5000, 20'000);
  const PageMemory room(room_bytes + kDirectAlignment);
  const FileStretch stretch{0, 5000, 20'000, room.bytes().first(room_bytes)};
  std::promise<void> done;
  reader.Submit({&stretch, 1}, [&](const std::optional<Error>&) { done.set_value(); });
  done.get_future().get();
  for (const std::byte byte : room.bytes().subspan(room_bytes)) ASSERT_EQ(byte, std::byte{0});
}

TEST_P(DirectReaderKinds, TheDestructorWaitsForWhatWasAsked) {
  const std::vector<std::string> contents = {Content(1'000'000, 1)};
  const std::vector<File> files = Files(contents);
  const PageMemory room(FileStretch::RoomFor(0, 1'000'000));
  std::atomic<int> ended = 0;
  {
    DirectReader reader(files, Options(1, 4096));
    for (int request = 0; request < 20; ++request) {
      const FileStretch stretch{0, 0, 1'000'000, room.bytes()};
      reader.Submit({&stretch, 1}, [&](const std::optional<Error>&) { ++ended; });
    }
  }
  EXPECT_EQ(ended, 20);
  EXPECT_EQ(std::memcmp(room.bytes().data(), contents[0].data(), 1'000'000), 0);
}

TEST_P(DirectReaderKinds, ACutFileIsNamedWithBothSizesAndOthersGoOn) {
  const std::vector<std::string> contents = {Content(100'000, 1), Content(100'000, 2)};
  const std::vector<File> files = Files(contents);
  DirectReader reader(files, Options());
  std::filesystem::resize_file(files[0].path(), 12'345);
  const std::string path = files[0].path().string();
  // Within a block, whole pieces behind the end, and both.
  ExpectError(ErrorCode::kSourceChanged,
              path + ": want 12346 bytes, got 12345: the file was cut shorter",
              [&] { Read(reader, 0, 12'000, 346); });
  ExpectError(ErrorCode::kSourceChanged,
              path + ": want 99000 bytes, got 12345: the file was cut shorter",
              [&] { Read(reader, 0, 98'000, 1000); });
  try {
    Read(reader, 0, 0, 100'000);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kSourceChanged);
  }
  EXPECT_EQ(Read(reader, 0, 12'000, 345), contents[0].substr(12'000, 345));
  EXPECT_EQ(Read(reader, 1, 0, 100'000), contents[1]);
}

TEST_P(DirectReaderKinds, WhatTheSystemCannotReadIsAnIoErrorWithFileAndOffset) {
  // The memory of this process, as a file: nothing is mapped at its first pages, and it has no
  // direct reads.
  std::vector<File> files;
  files.push_back(File::OpenForRead("/proc/self/mem"));
  DirectReader reader(files, Options());
  EXPECT_FALSE(reader.IsDirect(0));
  ExpectError(ErrorCode::kIo,
              "/proc/self/mem: cannot read 4096 bytes at offset 4096: Input/output error",
              [&] { Read(reader, 0, 5000, 100); });
}

TEST_P(DirectReaderKinds, BufferedReadsGiveTheSameBytes) {
  std::vector<File> files;
  try {
    files.push_back(File::OpenForWrite("/dev/shm/hlwq_direct_reader_test"));
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  std::filesystem::remove(files[0].path());
  const std::string content = Content(50'000, 7);
  files[0].WriteAt(0, std::as_bytes(std::span(content)));
  DirectReader reader(files, Options());
  EXPECT_EQ(Read(reader, 0, 1234, 40'000), content.substr(1234, 40'000));
  EXPECT_EQ(Read(reader, 0, 49'999, 1), content.substr(49'999));
  ExpectError(ErrorCode::kSourceChanged,
              files[0].path().string() + ": want 50001 bytes, got 50000: the file was cut shorter",
              [&] { Read(reader, 0, 0, 50'001); });
}

INSTANTIATE_TEST_SUITE_P(Kinds, DirectReaderKinds,
                         ::testing::Values(ReaderKind::kRing, ReaderKind::kThreads),
                         [](const auto& kind) {
                           return std::string(kind.param == ReaderKind::kRing ? "Ring" : "Threads");
                         });

TEST(DirectReader, WithoutAWishSomeKindIsFound) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "f", "content");
  std::vector<File> files;
  files.push_back(File::OpenForRead(dir / "f"));
  DirectReader reader(files);
  EXPECT_EQ(Read(reader, 0, 3, 4), "tent");
}

TEST(DirectReader, OptionsOutOfRangeAreRefused) {
  ExpectError(ErrorCode::kInvalidArgument, "want a queue depth from 1 to 1024, got 0",
              [] { const DirectReader reader({}, {.queue_depth = 0}); });
  ExpectError(ErrorCode::kInvalidArgument,
              "want pieces of a multiple of 4096 bytes up to 1073741824, got 1000",
              [] { const DirectReader reader({}, {.piece_bytes = 1000}); });
}

}  // namespace
}  // namespace hlwq::io
