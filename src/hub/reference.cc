#include "hub/reference.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"

namespace hlwq::hub {
namespace {

constexpr std::string_view kPrefix = "hf:";

[[noreturn]] void Refuse(std::string_view text, std::string_view want) {
  throw Error(ErrorCode::kInvalidArgument,
              "'" + std::string(text) + "': want " + std::string(want));
}

bool IsName(std::string_view part) noexcept {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !part.empty() && part.size() <= 96 && part.find_first_not_of(kAllowed) == part.npos &&
         part.find("..") == part.npos && part.find("--") == part.npos && part.front() != '.' &&
         part.back() != '.';
}

}  // namespace

bool IsReference(std::string_view text) noexcept { return text.starts_with(kPrefix); }

Reference ParseReference(std::string_view text) {
  const std::string_view whole = text;
  if (IsReference(text)) text.remove_prefix(kPrefix.size());
  Reference reference;
  if (const size_t at = text.find('@'); at != text.npos) {
    reference.revision = text.substr(at + 1);
    CheckRevision(reference.revision);
    text = text.substr(0, at);
  }
  const size_t slash = text.find('/');
  const size_t second = slash == text.npos ? slash : text.find('/', slash + 1);
  if (slash == text.npos || !IsName(text.substr(0, slash)) ||
      !IsName(text.substr(slash + 1, second == text.npos ? second : second - slash - 1))) {
    Refuse(whole, "a repository of the Hub, ORG/NAME[@REVISION]");
  }
  reference.repository = text.substr(0, second);
  if (second != text.npos) {
    reference.file = text.substr(second + 1);
    if (!IsSafePath(reference.file)) Refuse(whole, "the path of a file after ORG/NAME/");
  }
  return reference;
}

void CheckRevision(std::string_view revision) {
  if (IsSafePath(revision) && revision.size() <= 256 && revision.find(' ') == revision.npos) return;
  Refuse(revision, "a branch, a tag or a commit");
}

bool IsSafePath(std::string_view path) noexcept {
  if (path.empty() || path.size() > 1024 || !IsValidUtf8(path)) return false;
  const auto is_bad = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(path, is_bad)) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace hlwq::hub
