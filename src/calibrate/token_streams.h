// The residual streams of many tokens, in memory or on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/file.h"

namespace hlwq::calibrate {

// Streams of up to this many bytes are kept in memory, others in a file.
inline constexpr uint64_t kMostStreamBytes = 256u << 20;

// [tokens, width].
class TokenStreams {
 public:
  // A file that nobody else sees, first at `scratch`, for more than `most_bytes`. Throws Error{kIo} where
  // the disk has no room for it.
  TokenStreams(size_t tokens, size_t width, const std::filesystem::path& scratch,
               uint64_t most_bytes);

  // As many tokens as fit into `to`, or are in `from`, from `first_token` on. Throw Error{kIo}.
  void Read(size_t first_token, std::span<float> to) const;
  void Write(size_t first_token, std::span<const float> from);

 private:
  size_t width_ = 0;
  std::vector<float> values_;  // unless in file_
  std::optional<File> file_;
};

}  // namespace hlwq::calibrate
