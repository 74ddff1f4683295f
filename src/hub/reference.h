// The name of a model repository on the Hub: "hf:ORG/NAME[/FILE][@REVISION]".
#pragma once

#include <string>
#include <string_view>

namespace hlwq::hub {

struct Reference {
  std::string repository;         // "Qwen/Qwen3-1.7B"
  std::string revision = "main";  // a branch, a tag or a commit
  std::string file = {};          // one file of it that is meant; empty: the whole

  // "hf:Qwen/Qwen3-1.7B", without the revision: as the folder of a model is called in messages.
  std::string Place() const { return "hf:" + repository; }
};

// Whether the text names a repository rather than a path: it begins with "hf:".
bool IsReference(std::string_view text) noexcept;

// Takes the text with or without "hf:". Throws Error{kInvalidArgument} for what the Hub would not
// have as a name: other characters than letters, digits, '-', '_' and '.', parts that are empty,
// longer than 96 or hold "..".
Reference ParseReference(std::string_view text);

// Throws Error{kInvalidArgument} unless it can be a revision: a relative path (IsSafePath) of up to
// 256 characters without blanks.
void CheckRevision(std::string_view revision);

// Whether it is a relative path with '/' between its parts, each neither empty nor "." nor "..",
// without control characters and backslashes, of up to 1024 bytes in UTF-8: what may be joined to a
// folder of this machine.
bool IsSafePath(std::string_view path) noexcept;

}  // namespace hlwq::hub
