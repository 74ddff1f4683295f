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

// "0::/user.slice/run-1.scope" of /proc/self/cgroup: what version 2 says.
std::string GroupOf(const std::filesystem::path& proc) {
  std::istringstream lines(ReadAll(proc / "self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return "";
}

}  // namespace

MemoryLimit ReadMemoryLimit(const std::filesystem::path& proc,
                            const std::filesystem::path& groups) {
  const std::string meminfo = ReadAll(proc / "meminfo");
  const auto total = NumberAfter(meminfo, "MemTotal:");
  const auto available = NumberAfter(meminfo, "MemAvailable:");
  MemoryLimit memory = {.limit_bytes = total ? *total * 1024 : kNoLimit,
                        .available_bytes = available ? *available * 1024 : kNoLimit};
  const std::filesystem::path group = GroupOf(proc);
  for (std::filesystem::path path = groups / group;; path = path.parent_path()) {
    const auto limit = NumberAfter(ReadAll(path / "memory.max"), "");
    if (limit) {
      const uint64_t used = NumberAfter(ReadAll(path / "memory.current"), "").value_or(0);
      // Of files, and not dirty or mapped anew: the kernel takes these back before it refuses.
      const uint64_t cached = NumberAfter(ReadAll(path / "memory.stat"), "file ").value_or(0);
      const uint64_t held = used - std::min(used, cached);
      if (*limit < memory.limit_bytes) {
        memory.limit_bytes = *limit;
        memory.is_group = true;
      }
      memory.available_bytes =
          std::min(memory.available_bytes, *limit - std::min(*limit, held));
    }
    if (path == groups || !path.has_relative_path()) break;
  }
  return memory;
}

}  // namespace hlwq
