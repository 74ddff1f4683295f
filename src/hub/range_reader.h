// Ranges of one file behind a URL, read with patience.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "hub/http_client.h"

namespace hlwq::hub {

// A file of known size whose URL leads to the same bytes for ever, by way of redirects that need not
// (signed URLs of a store, which end after some hours: they are used until they are refused, then
// asked for anew). Thread: safe.
class RangeReader {
 public:
  // Borrows the client.
  RangeReader(const HttpClient& client, std::string url, uint64_t size_bytes)
      : client_(client), url_(std::move(url)), size_bytes_(size_bytes) {}

  const std::string& url() const noexcept { return url_; }
  uint64_t size_bytes() const noexcept { return size_bytes_; }

  // Fills `out`, which lies within the size, by one connection; what broke off is taken up again
  // where it ended. Throws Error{kIo} when patience has ended (HttpOptions::attempts) and for replies
  // that are not the range asked for, Error{kSourceChanged} when the file has another size, as
  // ThrowStatus, and Error{kCancelled}.
  void ReadAt(uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string Target() const;
  void Check(const HttpReply& reply, const ByteRange& want) const;
  void Remember(const HttpReply& reply) const;
  bool Forget(const std::string& target) const;

  const HttpClient& client_;
  std::string url_;
  uint64_t size_bytes_;
  mutable std::mutex mutex_;
  mutable std::string direct_url_;  // where url_ leads; empty while unknown
};

}  // namespace hlwq::hub
