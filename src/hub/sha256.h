// SHA-256, which names the large files of the Hub.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace hlwq::hub {

// Of bytes that come in pieces. Moves.
class Sha256 {
 public:
  Sha256();
  void Update(std::span<const std::byte> data);
  // 64 hexadecimal digits in lower case; nothing may follow.
  std::string Digest();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace hlwq::hub
