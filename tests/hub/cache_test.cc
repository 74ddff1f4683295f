#include "hub/cache.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/hub/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;

const std::string kCommit(40, 'c');

class CacheTest : public testing::Test {
 protected:
  void AddBlob(const std::string& etag, const std::string& content) {
    fs::create_directories(cached_.folder() / "blobs");
    WriteFileAtomically(cached_.BlobPath(etag), content);
  }
  std::optional<fs::path> Find(const std::string& revision, const std::string& file = "") {
    return FindInCache(dir_.path(),
                       {.repository = "org/model", .revision = revision, .file = file});
  }

  test::TempDir dir_;
  CachedRepository cached_{dir_.path(), "org/model"};
};

TEST_F(CacheTest, TheLayoutIsThatOfTheHubsTools) {
  AddBlob("e1", "{}");
  AddBlob("e2", "weights");
  cached_.Publish(kCommit, "refs/pr/1", {{"config.json", "e1"}, {"a/b/model.safetensors", "e2"}});
  const fs::path root = dir_.path() / "models--org--model";
  EXPECT_EQ(ReadSmallFile(root / "refs/refs/pr/1", 100), kCommit);
  EXPECT_EQ(fs::read_symlink(root / "snapshots" / kCommit / "config.json"), "../../blobs/e1");
  EXPECT_EQ(fs::read_symlink(root / "snapshots" / kCommit / "a/b/model.safetensors"),
            "../../../../blobs/e2");
  EXPECT_EQ(ReadSmallFile(root / "snapshots" / kCommit / "a/b/model.safetensors", 100), "weights");
  EXPECT_EQ(cached_.FindCommit("refs/pr/1"), kCommit);
  EXPECT_EQ(cached_.FindCommit(kCommit), kCommit);
  EXPECT_EQ(cached_.FindCommit("main"), std::nullopt);
}

TEST_F(CacheTest, ASnapshotGrowsAndItsLinksAreRenewed) {
  AddBlob("e1", "one");
  AddBlob("e2", "two");
  cached_.Publish(kCommit, kCommit, {{"a", "e1"}});
  EXPECT_FALSE(fs::exists(cached_.folder() / "refs"));
  cached_.Publish(kCommit, "main", {{"a", "e2"}, {"b", "e1"}});
  EXPECT_EQ(ReadSmallFile(cached_.SnapshotFolder(kCommit) / "a", 100), "two");
  EXPECT_EQ(ReadSmallFile(cached_.SnapshotFolder(kCommit) / "b", 100), "one");
  EXPECT_EQ(std::distance(fs::directory_iterator(cached_.folder() / "snapshots"), {}), 1);
}

TEST_F(CacheTest, OnlyWholeSnapshotsAreFound) {
  EXPECT_FALSE(Find("main"));
  AddBlob("config", "{}");
  AddBlob("index", R"({"weight_map": {"x": "m-1.safetensors", "y": "m-2.safetensors"}})");
  AddBlob("m1", "1");
  cached_.Publish(kCommit, "main", {{"config.json", "config"}});
  EXPECT_FALSE(Find("main")) << "no weights";
  cached_.Publish(kCommit, "main",
                  {{"model.safetensors.index.json", "index"}, {"m-1.safetensors", "m1"}});
  EXPECT_FALSE(Find("main")) << "a shard is missing";
  cached_.Publish(kCommit, "main", {{"m-2.safetensors", "m2"}});
  EXPECT_FALSE(Find("main")) << "a link leads nowhere";
  AddBlob("m2", "2");
  EXPECT_EQ(Find("main"), cached_.SnapshotFolder(kCommit));
  EXPECT_EQ(Find(kCommit), cached_.SnapshotFolder(kCommit));
  EXPECT_EQ(Find("main", "config.json"), cached_.SnapshotFolder(kCommit) / "config.json");
  EXPECT_FALSE(Find("main", "absent"));
}

TEST_F(CacheTest, WeightsWithoutTheirConfigAreNotWhole) {
  AddBlob("m1", "1");
  cached_.Publish(kCommit, "main", {{"model.safetensors", "m1"}});
  EXPECT_FALSE(Find("main"));
  const std::string other(40, 'd');
  cached_.Publish(other, "gguf", {{"model.gguf", "m1"}});
  EXPECT_EQ(Find("gguf"), cached_.SnapshotFolder(other));
}

TEST_F(CacheTest, ARefThatIsNoCommitCountsAsNone) {
  fs::create_directories(cached_.folder() / "refs");
  WriteFileAtomically(cached_.folder() / "refs/main", "../../etc");
  EXPECT_FALSE(Find("main"));
  WriteFileAtomically(cached_.folder() / "refs/main", kCommit + "\n");
  EXPECT_EQ(cached_.FindCommit("main"), kCommit);
}

}  // namespace
}  // namespace hlwq::hub
