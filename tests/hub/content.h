// The bytes of a large file.
#pragma once

#include <string>

namespace hlwq::hub {

// Neither a run of one byte nor of a short period; other seeds, other bytes.
inline std::string Content(size_t bytes, unsigned seed = 0) {
  std::string content(bytes, '\0');
  for (size_t index = 0; index < bytes; ++index) {
    content[index] = static_cast<char>((index + seed) * 2654435761u >> 24);
  }
  return content;
}

}  // namespace hlwq::hub
