// Shell-style patterns over tensor names. Own matcher rather than fnmatch(3), whose answer depends
// on locale and on flags for leading dots and slashes, which mean nothing in a tensor name.
#pragma once

#include <string_view>

namespace hlwq {

// `*` any run of characters (dots too), `?` one character, `[a-z0]` one of a set, `[!a-z]` one not
// in it; everything else stands for itself. Bytes, case-sensitive, the whole of `text`.
// @pre CheckGlob(pattern) did not throw. Cost: at most |pattern| * |text| steps.
bool GlobMatches(std::string_view pattern, std::string_view text) noexcept;

// Throws Error{kInvalidArgument} for an empty pattern, a `[` without `]`, and a range that
// runs backwards.
void CheckGlob(std::string_view pattern);

}  // namespace hlwq
