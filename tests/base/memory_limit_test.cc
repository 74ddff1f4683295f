#include "base/memory_limit.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

constexpr uint64_t kKibi = 1024;
constexpr uint64_t kMebi = kKibi * kKibi;

class MemoryLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("proc/meminfo",
          "MemTotal:       16384000 kB\nMemFree:         100 kB\nMemAvailable:   12288000 kB\n");
  }

  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  MemoryLimit Read() const {
    return ReadMemoryLimit(folder_.path() / "proc", folder_.path() / "groups");
  }

  test::TempDir folder_;
};

TEST_F(MemoryLimitTest, WithoutGroupsItIsTheSystems) {
  const MemoryLimit memory = Read();
  EXPECT_EQ(memory.limit_bytes, 16384000 * kKibi);
  EXPECT_EQ(memory.available_bytes, 12288000 * kKibi);
  EXPECT_FALSE(memory.is_group);
}

TEST_F(MemoryLimitTest, AGroupNarrowsItAndItsFileCacheGivesWay) {
  Write("proc/self/cgroup", "0::/user.slice/run.scope\n");
  Write("groups/user.slice/run.scope/memory.max", "4294967296\n");
  Write("groups/user.slice/run.scope/memory.current", "1073741824\n");
  Write("groups/user.slice/run.scope/memory.stat", "anon 536870912\nfile 536870912\n");
  const MemoryLimit memory = Read();
  EXPECT_EQ(memory.limit_bytes, 4096 * kMebi);
  EXPECT_EQ(memory.available_bytes, (4096 - 512) * kMebi);
  EXPECT_TRUE(memory.is_group);
}

TEST_F(MemoryLimitTest, AGroupAboveCounts) {
  Write("proc/self/cgroup", "0::/user.slice/run.scope\n");
  Write("groups/user.slice/run.scope/memory.max", "max\n");
  Write("groups/user.slice/memory.max", "3221225472\n");
  EXPECT_EQ(Read().limit_bytes, 3072 * kMebi);
}

TEST_F(MemoryLimitTest, VersionOneHasOtherNames) {
  Write("proc/self/cgroup", "8:pids:/x\n4:memory:/job\n0::/\n");
  Write("groups/memory/job/memory.limit_in_bytes", "2147483648\n");
  Write("groups/memory/job/memory.usage_in_bytes", "1073741824\n");
  Write("groups/memory/job/memory.stat", "cache 1\ntotal_cache 1048576\n");
  const MemoryLimit memory = Read();
  EXPECT_EQ(memory.limit_bytes, 2048 * kMebi);
  EXPECT_EQ(memory.available_bytes, (1024 + 1) * kMebi);
}

TEST_F(MemoryLimitTest, WhatIsNotANumberLimitsNothing) {
  Write("proc/meminfo", "MemTotal: many\n");
  Write("proc/self/cgroup", "0::/\n4:memory:/\n");
  Write("groups/memory.max", "999999999999999999999999\n");
  const MemoryLimit memory = Read();
  EXPECT_EQ(memory.limit_bytes, uint64_t{1} << 63);
  EXPECT_EQ(memory.available_bytes, uint64_t{1} << 63);
}

}  // namespace
}  // namespace hlwq
