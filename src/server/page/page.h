// The chat page, whose files are part of the program.
#pragma once

#include <span>
#include <string_view>

namespace hlwq::server {

struct PageFile {
  std::string_view path;  // "/app.js"; the page itself is "/"
  std::string_view type;  // "text/javascript"
  std::string_view content;
};
// Of src/server/page; page_files.cc is made of them by cmake/HlwqEmbed.cmake.
std::span<const PageFile> PageFiles() noexcept;

// Nothing but its own files and this server.
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace hlwq::server
