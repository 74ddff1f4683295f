#include "base/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace hlwq {
namespace {

constexpr uint64_t kNoLimit = uint64_t{1} << 63;

// These files have no size of their own and are short.
std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The number after `key` at the start of a line; with an empty key, that the text begins with.
std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view key) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const size_t digit = line.find_first_not_of(" \t", key.size());
    if (digit == line.npos) return std::nullopt;
    uint64_t number = 0;
    const auto [rest, error] =
        std::from_chars(line.data() + digit, line.data() + line.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
  }
  return std::nullopt;
}

// The names of one version's files.
struct GroupFiles {
  const char* limit;
  const char* used;
  const char* cached;  // in memory.stat
};
constexpr GroupFiles kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache "};
constexpr GroupFiles kVersion2 = {"memory.max", "memory.current", "file "};

// The group that /proc/self/cgroup names after `key`: "0::" of version 2, ":memory:" of version 1;
// without its first slash.
std::optional<std::string> GroupOf(const std::filesystem::path& proc, std::string_view key) {
  std::istringstream lines(ReadAll(proc / "self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find(key);
    if (at == line.npos || (key.starts_with('0') && at != 0)) continue;
    const size_t name = at + key.size();
    return name < line.size() ? line.substr(name + 1) : "";
  }
  return std::nullopt;
}

// Takes in what a group and those above it, up to `root`, allow.
void Narrow(const std::filesystem::path& root, const std::string& group, const GroupFiles& files,
            MemoryLimit& memory) {
  for (std::filesystem::path path = root / group;; path = path.parent_path()) {
    if (const auto limit = NumberAfter(ReadAll(path / files.limit), "")) {
      const uint64_t used = NumberAfter(ReadAll(path / files.used), "").value_or(0);
      // What caches files: the kernel takes it back before it refuses memory.
      const uint64_t cached = NumberAfter(ReadAll(path / "memory.stat"), files.cached).value_or(0);
      const uint64_t held = used - std::min(used, cached);
      if (*limit < memory.limit_bytes) {
        memory.limit_bytes = *limit;
        memory.is_group = true;
      }
      memory.available_bytes = std::min(memory.available_bytes, *limit - std::min(*limit, held));
    }
    if (path == root || !path.has_relative_path()) return;
  }
}

}  // namespace

MemoryLimit ReadMemoryLimit(const std::filesystem::path& proc,
                            const std::filesystem::path& groups) {
  const std::string meminfo = ReadAll(proc / "meminfo");
  const auto total = NumberAfter(meminfo, "MemTotal:");
  const auto available = NumberAfter(meminfo, "MemAvailable:");
  MemoryLimit memory = {.limit_bytes = total ? *total * 1024 : kNoLimit,
                        .available_bytes = available ? *available * 1024 : kNoLimit};
  if (const auto group = GroupOf(proc, "0::")) Narrow(groups, *group, kVersion2, memory);
  if (const auto group = GroupOf(proc, ":memory:")) {
    Narrow(groups / "memory", *group, kVersion1, memory);
  }
  return memory;
}

}  // namespace hlwq
