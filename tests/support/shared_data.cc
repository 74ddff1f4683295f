#include "tests/support/shared_data.h"

#include <cstdlib>

namespace hlwq::test {

std::filesystem::path SharedData(std::string_view name) {
  if (const char* root = std::getenv("HLWQ_SHARED_DATA")) return std::filesystem::path(root) / name;
  return std::filesystem::path(HLWQ_SOURCE_DIR).parent_path() / "shared" / "data" / name;
}

std::filesystem::path Golden(std::string_view name) {
  return std::filesystem::path(HLWQ_SOURCE_DIR) / "tests" / "golden" / name;
}

}  // namespace hlwq::test
