// How much memory this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hlwq {

struct MemoryLimit {
  uint64_t limit_bytes = 0;      // of the system, or of the control group where that is less
  uint64_t available_bytes = 0;  // of these still free, or in use by caches that give way
  bool is_group = false;         // the control group's
};

// What the kernel says of this process, its control groups (of either version) and those above them
// included. The folders are where /proc and /sys/fs/cgroup lie. Where nothing is told there is no
// limit: 2^63 bytes.
MemoryLimit ReadMemoryLimit(const std::filesystem::path& proc = "/proc",
                            const std::filesystem::path& groups = "/sys/fs/cgroup");

}  // namespace hlwq
