#include "base/mapped_file.h"

#include <fstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace hlwq {
namespace {

std::string TextOf(const MappedFile& mapped) {
  return {reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()};
}

TEST(MappedFile, ShowsTheContentAfterTheFileIsClosed) {
  const test::TempDir dir;
  const std::string content(10'000, 'x');
  std::ofstream(dir / "f") << content;
  MappedFile mapped;
  {
    const File file = File::OpenForRead(dir / "f");
    mapped = MappedFile(file);
  }
  EXPECT_EQ(TextOf(mapped), content);
}

TEST(MappedFile, OfAnEmptyFileHasNoBytes) {
  const test::TempDir dir;
  std::ofstream(dir / "f").flush();
  EXPECT_TRUE(MappedFile(File::OpenForRead(dir / "f")).bytes().empty());
}

TEST(MappedFile, MovesItsBytes) {
  const test::TempDir dir;
  std::ofstream(dir / "f") << "bytes";
  MappedFile first(File::OpenForRead(dir / "f"));
  const std::byte* const at = first.bytes().data();
  const MappedFile second(std::move(first));
  EXPECT_EQ(second.bytes().data(), at);
  EXPECT_EQ(TextOf(second), "bytes");
}

}  // namespace
}  // namespace hlwq
