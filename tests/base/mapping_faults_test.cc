#include "base/mapping_faults.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/mapped_file.h"
#include "tests/support/absorb_faults.h"
#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

class MappingFaults : public ::testing::Test {
 protected:
  File Write(const char* name, size_t pages) {
    std::ofstream(dir_ / name) << std::string(pages * page_, 'x');
    return File::OpenForRead(dir_ / name);
  }
  void Cut(const char* name, size_t bytes) {
    ASSERT_EQ(truncate((dir_ / name).c_str(), static_cast<off_t>(bytes)), 0);
  }
  // Of the first byte of a page.
  char At(const MappedFile& file, size_t page) const {
    return static_cast<char>(*const_cast<const volatile std::byte*>(&file.bytes()[page * page_]));
  }

  test::TempDir dir_;
  size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  test::AbsorbFaults absorb_;
};

TEST_F(MappingFaults, ReadsGoOnOverZerosAndTheFileIsDamaged) {
  const MappedFile cut(Write("cut", 8)), whole(Write("whole", 8));
  EXPECT_EQ(At(cut, 7), 'x');
  Cut("cut", 3 * page_);
  EXPECT_FALSE(cut.is_damaged());
  errno = 77;
  EXPECT_EQ(At(cut, 7), 0);
  EXPECT_EQ(errno, 77);
  EXPECT_TRUE(cut.is_damaged());
  EXPECT_EQ(At(cut, 2), 'x');
  EXPECT_EQ(At(cut, 3), 0);
  EXPECT_EQ(At(whole, 7), 'x');
  EXPECT_FALSE(whole.is_damaged());
}

TEST_F(MappingFaults, AMappingMadeInTheSamePlaceIsNotDamaged) {
  {
    const MappedFile cut(Write("cut", 4));
    Cut("cut", 0);
    EXPECT_EQ(At(cut, 0), 0);
    EXPECT_TRUE(cut.is_damaged());
  }
  const MappedFile whole(Write("whole", 4));
  EXPECT_FALSE(whole.is_damaged());
}

TEST_F(MappingFaults, AMoveTakesTheMarkAlong) {
  MappedFile cut(Write("cut", 2));
  MappedFile moved(std::move(cut));
  Cut("cut", 0);
  EXPECT_EQ(At(moved, 1), 0);
  EXPECT_TRUE(moved.is_damaged());
  EXPECT_FALSE(cut.is_damaged());  // NOLINT(bugprone-use-after-move): what is left is empty
  MappedFile other;
  other = std::move(moved);
  EXPECT_TRUE(other.is_damaged());
}

TEST_F(MappingFaults, ManyThreadsMayMeetThemAtOnce) {
  const MappedFile cut(Write("cut", 256));
  Cut("cut", 0);
  std::vector<std::thread> threads;
  std::vector<int> sums(8);
  for (int& sum : sums) {
    threads.emplace_back([&] {
      for (size_t page = 0; page < 256; ++page) sum += At(cut, page);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int sum : sums) EXPECT_EQ(sum, 0);
  EXPECT_TRUE(cut.is_damaged());
}

TEST_F(MappingFaults, MappingsOfOthersAreNotTouched) {
  int here = 0;
  EXPECT_FALSE(AbsorbMappingFault(&here));
  EXPECT_FALSE(AbsorbMappingFault(nullptr));
  const File file = Write("foreign", 2);
  void* const foreign = mmap(nullptr, 2 * page_, PROT_READ, MAP_SHARED, file.fd(), 0);
  ASSERT_NE(foreign, MAP_FAILED);
  Cut("foreign", 0);
  EXPECT_EXIT(
      {
        const volatile char byte = *static_cast<const volatile char*>(foreign);
        _exit(byte);
      },
      ::testing::ExitedWithCode(test::AbsorbFaults::kForeignFault), "");
  munmap(foreign, 2 * page_);
}

TEST_F(MappingFaults, MoreMappingsThanAreWatchedStillMap) {
  const File file = Write("f", 1);
  std::vector<MappedFile> files;
  for (size_t count = 0; count < kMaxWatchedMappings + 10; ++count) files.emplace_back(file);
  EXPECT_EQ(At(files.back(), 0), 'x');
  EXPECT_FALSE(files.back().is_damaged());
}

}  // namespace
}  // namespace hlwq
