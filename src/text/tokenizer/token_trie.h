// Finds the longest of many strings at each place of a text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlwq::text {

// Immutable once made. Thread: safe.
class TokenTrie {
 public:
  struct Entry {
    std::string text;
    uint32_t value = 0;
  };
  struct Match {
    size_t begin = 0;
    size_t end = 0;
    uint32_t value = 0;
  };

  TokenTrie() = default;
  // Empty texts are left out; of equal ones the first counts.
  explicit TokenTrie(std::vector<Entry> entries);

  // The leftmost match at or after `start`, and the longest there.
  std::optional<Match> Find(std::string_view text, size_t start) const noexcept;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Node {
    uint32_t value = kNone;  // of the entry that ends here
    uint32_t first_edge = 0;
    uint32_t edges = 0;
  };
  struct Edge {
    uint8_t byte = 0;
    uint32_t node = 0;
  };

  const Edge* EdgeOf(const Node& node, uint8_t byte) const noexcept;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::array<bool, 256> begins_{};  // which bytes an entry begins with
};

}  // namespace hlwq::text
