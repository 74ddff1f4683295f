#include "io/shard_index.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq::io {
namespace {

TEST(ShardIndex, RoundTrips) {
  const ShardIndex index{{{"a", "model-1.safetensors"}, {"b", "model-2.safetensors"}}, 77};
  const ShardIndex back = ParseShardIndex(SerializeShardIndex(index));
  EXPECT_EQ(back.file_of_tensor, index.file_of_tensor);
  EXPECT_EQ(back.total_size_bytes, 77u);
}

TEST(ShardIndex, FilesOutsideTheFolderAreRefused) {
  for (const char* name : {"../x", "/etc/passwd", "a/b", "..", ".", "", "a\\\\b", "a\\u0000b"}) {
    EXPECT_THROW(ParseShardIndex(std::string(R"({"weight_map":{"w":")") + name + "\"}}"), Error)
        << name;
  }
}

TEST(ShardIndex, MalformedIndexesAreRefused) {
  for (const char* bad : {"[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{"w":1}})",
                          R"({"weight_map":{"w":"a","w":"b"}})"}) {
    EXPECT_THROW(ParseShardIndex(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace hlwq::io
