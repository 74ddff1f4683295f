#include "checkpoint/identity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::checkpoint {
namespace {

uint64_t IdentityOf(const std::filesystem::path& path) {
  return ModelIdentity(OpenCheckpoint(path));
}

TEST(ModelIdentity, IsThatOfACopyElsewhere) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "a");
  std::filesystem::copy(dir / "a", dir / "b");
  std::filesystem::last_write_time(dir / "b" / "config.json",
                                   std::filesystem::file_time_type::clock::now());
  EXPECT_EQ(IdentityOf(dir / "a"), IdentityOf(dir / "b"));
}

TEST(ModelIdentity, TellsLayersConfigsAndWeightsApart) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "a");
  const uint64_t identity = IdentityOf(dir / "a");
  test::WriteSmallLlama(dir / "b", 3);
  EXPECT_NE(IdentityOf(dir / "b"), identity);
  // One byte of the last tensor.
  const auto weights = dir / "a" / "model.safetensors";
  std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  const int last = file.peek();
  file.put(static_cast<char>(last ^ 1));
  file.close();
  EXPECT_NE(IdentityOf(dir / "a"), identity);
}

}  // namespace
}  // namespace hlwq::checkpoint
