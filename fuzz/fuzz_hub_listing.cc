// The Hub's list of the files of a repository from any bytes: no accepted path may leave the folder.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "hub/repository.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hlwq;
  try {
    const hub::Listing listing =
        hub::ParseListing(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!hub::IsCommit(listing.commit) || !std::ranges::is_sorted(listing.files)) std::abort();
    for (const std::string& file : listing.files) {
      const std::filesystem::path joined = std::filesystem::path("/cache/snapshot") / file;
      const bool leaves_folder =
          !joined.lexically_normal().string().starts_with("/cache/snapshot/") ||
          joined.lexically_normal() != joined || file.find('\0') != file.npos;
      if (leaves_folder) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidData) std::abort();
  }
  return 0;
}
