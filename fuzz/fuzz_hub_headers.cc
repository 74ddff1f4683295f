// The header fields of a reply of the Hub from any lines, and references from any text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "hub/reference.h"
#include "hub/repository.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  hub::HttpReply reply;
  reply.status = 200;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    reply.headers.AddLine(text.substr(begin, end - begin));
    begin = end + 1;
  }
  try {
    const hub::FileInfo info =
        hub::ParseFileInfo(reply, "file", "0123456789abcdef0123456789abcdef01234567");
    if (!hub::IsSafePath(info.etag) || info.etag.find('/') != info.etag.npos) std::abort();
  } catch (const Error& error) {
    const bool is_expected =
        error.code() == ErrorCode::kInvalidData || error.code() == ErrorCode::kSourceChanged;
    if (!is_expected || std::string_view(error.what()).find('\n') != std::string_view::npos) {
      std::abort();
    }
  }
  if (const auto value = reply.headers.Find("content-range")) {
    const auto range = hub::ParseContentRange(*value);
    if (range && (range->first > range->last || range->last >= range->total)) std::abort();
  }
  if (const auto value = reply.headers.Find("retry-after")) {
    const auto wait = hub::ParseRetryAfter(*value, std::chrono::system_clock::now());
    if (wait && wait->count() < 0) std::abort();
  }
  try {
    const hub::Reference reference = hub::ParseReference(text);
    if (!hub::IsSafePath(reference.repository) || !hub::IsSafePath(reference.revision)) {
      std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) std::abort();
  }
  return 0;
}
