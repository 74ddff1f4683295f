#include "hub/range_reader.h"

#include <cstring>

#include "base/error.h"

namespace hlwq::hub {
namespace {

// An attempt that brought so much was none in vain.
constexpr uint64_t kProgressBytes = 64u << 10;

std::string Shown(const ByteRange& range) {
  return std::to_string(range.offset) + "-" + std::to_string(range.offset + range.bytes - 1);
}

}  // namespace

std::string RangeReader::Target() const {
  const std::scoped_lock lock(mutex_);
  return direct_url_.empty() ? url_ : direct_url_;
}

void RangeReader::Remember(const HttpReply& reply) const {
  const std::scoped_lock lock(mutex_);
  if (reply.url != url_) direct_url_ = reply.url;
}

// Whether the target was the remembered one.
bool RangeReader::Forget(const std::string& target) const {
  if (target == url_) return false;
  const std::scoped_lock lock(mutex_);
  if (direct_url_ == target) direct_url_.clear();
  return true;
}

void RangeReader::Check(const HttpReply& reply, const ByteRange& want) const {
  const auto fail = [&](ErrorCode code, const std::string& got) {
    throw Error(code, ShownUrl(url_) + ": want bytes " + Shown(want) + " of " +
                          std::to_string(size_bytes_) + ", got " + got);
  };
  if (reply.status == 200) {
    // A server without ranges will do where the beginning is wanted.
    if (want.offset != 0) fail(ErrorCode::kIo, "the whole file: the server has no ranges");
    const auto length = reply.headers.Find("content-length");
    const auto bytes = length ? ParseSize(*length) : std::nullopt;
    if (bytes && *bytes != size_bytes_) fail(ErrorCode::kSourceChanged, std::string(*length));
    return;
  }
  const auto text = reply.headers.Find("content-range");
  const auto range = text ? ParseContentRange(*text) : std::nullopt;
  if (!range) fail(ErrorCode::kIo, "no range");
  const std::string got =
      Shown({range->first, range->last - range->first + 1}) + " of " + std::to_string(range->total);
  if (range->total != size_bytes_) fail(ErrorCode::kSourceChanged, got);
  if (range->first != want.offset || range->last >= want.offset + want.bytes) {
    fail(ErrorCode::kIo, got);
  }
}

void RangeReader::ReadAt(uint64_t offset, std::span<std::byte> out) const {
  Retries retries(client_, url_);
  bool was_refused = false;
  for (size_t done = 0; done < out.size();) {
    const size_t before = done;
    const ByteRange want{offset + done, out.size() - done};
    bool is_checked = false;
    const auto take = [&](const HttpReply& reply, std::span<const std::byte> piece) {
      if (!is_checked) Check(reply, want);
      is_checked = true;
      const size_t bytes = std::min(piece.size(), out.size() - done);
      std::memcpy(out.data() + done, piece.data(), bytes);
      done += bytes;
      return done < out.size();
    };
    const std::string target = Target();
    const HttpReply reply = client_.SendFollowing({.url = target, .range = want}, take);
    if (is_checked) Remember(reply);
    if (done == out.size()) return;
    if (done - before >= kProgressBytes) retries.Forget();
    if (is_checked) {
      retries.Wait(reply.failure.empty() ? "the reply ended early" : reply.failure);
    } else if (!retries.WaitAfter(reply)) {
      const bool is_refusal = reply.status >= 400 && reply.status < 500;
      // Of a direct URL: it may have ended. Refused twice in a row, it is something else.
      if (!is_refusal || !Forget(target) || was_refused) {
        if (reply.status == 200 || reply.status == 206) {
          throw Error(ErrorCode::kIo,
                      ShownUrl(url_) + ": want bytes " + Shown(want) + ", got an empty reply");
        }
        ThrowStatus(reply);
      }
      was_refused = true;
      continue;
    }
    was_refused = false;
  }
}

}  // namespace hlwq::hub
