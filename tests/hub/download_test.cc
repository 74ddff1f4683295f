#include "hub/download.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/file.h"
#include "hub/cache.h"
#include "tests/hub/content.h"
#include "tests/hub/expect_error.h"
#include "tests/hub/fake_hub.h"
#include "tests/support/temp_dir.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;
using test::FakeHub;
using test::LineOf;
using test::ServedReply;
using test::ServedRequest;

class DownloadTest : public testing::Test {
 protected:
  DownloadTest() {
    hub_.AddSmall("config.json", "{}");
    hub_.AddSmall("empty.txt", "");
    hub_.AddSmall("sub/copy of config.json", "{}");
    hub_.AddLarge("model-1.safetensors", large_);
    hub_.AddLarge("model-2.safetensors", Content(1000, 2));
  }

  DownloadResult Run(DownloadOptions options = {}) {
    const HttpClient client(hub_.Http());
    const Settings settings = hub_.SettingsWith(cache_.path());
    const Repository repository(client, settings, {.repository = test::kRepository});
    return Download(client, repository, settings, options);
  }
  std::string Read(const std::string& path) {
    return ReadSmallFile(cached_.SnapshotFolder(test::kCommit) / path, 1u << 30);
  }
  fs::path Incomplete() {
    return cached_.BlobPath(hub_.EtagOf("model-1.safetensors")).string() + ".incomplete";
  }
  void ExpectNoSnapshot() {
    EXPECT_FALSE(fs::exists(cached_.folder() / "snapshots"));
    EXPECT_FALSE(fs::exists(cached_.folder() / "refs"));
  }

  const std::string large_ = Content((20u << 20) + 12345, 1);
  FakeHub hub_;
  test::TempDir cache_;
  CachedRepository cached_{cache_.path(), test::kRepository};
};

TEST_F(DownloadTest, TheSnapshotHoldsEveryFileAndNothingIsFetchedTwice) {
  uint64_t last_done = 0, last_total = 1;
  const DownloadResult result = Run({.progress = [&](const ProgressUpdate& update) {
    EXPECT_GE(update.bytes_done, last_done);
    last_done = update.bytes_done;
    last_total = update.bytes_total;
  }});
  EXPECT_EQ(result.commit, test::kCommit);
  EXPECT_EQ(result.files.size(), 5u);
  EXPECT_EQ(result.bytes, 2 + large_.size() + 1000);
  EXPECT_EQ(result.received_bytes, result.bytes);
  EXPECT_EQ(last_done, last_total);
  EXPECT_EQ(Read("config.json"), "{}");
  EXPECT_EQ(Read("empty.txt"), "");
  EXPECT_EQ(Read("sub/copy of config.json"), "{}");
  EXPECT_EQ(Read("model-1.safetensors"), large_);
  EXPECT_EQ(cached_.FindCommit("main"), test::kCommit);
  for (const auto& item : fs::directory_iterator(cached_.folder() / "blobs")) {
    EXPECT_NE(item.path().extension(), ".incomplete");
  }

  const size_t before = hub_.store().requests().size();
  const DownloadResult again = Run();
  EXPECT_EQ(again.received_bytes, 0u);
  EXPECT_EQ(again.present_bytes, again.bytes);
  EXPECT_EQ(hub_.store().requests().size(), before);
}

TEST_F(DownloadTest, OnlyWhatIsIncludedIsFetched) {
  const DownloadResult result = Run({.include = {"*.json"}});
  EXPECT_EQ(result.files.size(), 2u);
  EXPECT_FALSE(fs::exists(cached_.SnapshotFolder(test::kCommit) / "model-1.safetensors"));
  EXPECT_TRUE(hub_.store().requests().empty());
  LineOf(ErrorCode::kNotFound, [&] { Run({.include = {"*.bin"}}); });
  LineOf(ErrorCode::kInvalidArgument, [&] { Run({.include = {"["}}); });
}

TEST_F(DownloadTest, WhatWasBrokenOffGoesOnWhereItEnded) {
  // The store gives up in the middle of the large file.
  hub_.SetFault([&](bool is_store, const ServedRequest& request,
                    const ServedReply&) -> std::optional<ServedReply> {
    const bool is_late = request.headers.contains("range") &&
                         request.headers.at("range").starts_with("bytes=16777216");
    return is_store && is_late ? std::optional(ServedReply{.status = 418}) : std::nullopt;
  });
  LineOf(ErrorCode::kIo, [&] { Run(); });
  ExpectNoSnapshot();
  ASSERT_TRUE(fs::exists(Incomplete()));
  // All that comes before is kept, whatever came first.
  EXPECT_TRUE(ReadSmallFile(Incomplete(), 1u << 30) == large_.substr(0, 16u << 20));

  // As much again of another tool, which left off anywhere.
  WriteFileAtomically(Incomplete(), large_.substr(0, 3'000'001));
  hub_.SetFault(nullptr);
  const DownloadResult result = Run();
  EXPECT_EQ(result.received_bytes, result.bytes - result.present_bytes);
  EXPECT_GE(result.present_bytes, 3'000'001u);
  EXPECT_EQ(Read("model-1.safetensors"), large_);
}

TEST_F(DownloadTest, AFileThatIsAllThereButForItsNameIsCheckedAndNamed) {
  fs::create_directories(cached_.folder() / "blobs");
  WriteFileAtomically(Incomplete(), large_);
  Run();
  EXPECT_EQ(Read("model-1.safetensors"), large_);
}

TEST_F(DownloadTest, AWrongBeginningIsFoundByTheHashAndRemoved) {
  fs::create_directories(cached_.folder() / "blobs");
  std::string wrong = large_.substr(0, 1000);
  wrong[5] ^= 1;
  WriteFileAtomically(Incomplete(), wrong);
  const std::string line = LineOf(ErrorCode::kInvalidData, [&] { Run(); });
  EXPECT_NE(line.find(hub_.EtagOf("model-1.safetensors")), std::string::npos) << line;
  EXPECT_FALSE(fs::exists(Incomplete()));
  ExpectNoSnapshot();
  Run();
  EXPECT_EQ(Read("model-1.safetensors"), large_);
}

TEST_F(DownloadTest, ABeginningThatIsTooLongIsNone) {
  fs::create_directories(cached_.folder() / "blobs");
  WriteFileAtomically(Incomplete(), large_ + "more");
  Run();
  EXPECT_EQ(Read("model-1.safetensors"), large_);
}

TEST_F(DownloadTest, WrongBytesAreFoundByTheHash) {
  hub_.SetFault([&](bool is_store, const ServedRequest&,
                    const ServedReply& usual) -> std::optional<ServedReply> {
    if (!is_store || usual.body.size() != 1000) return std::nullopt;
    ServedReply reply = usual;
    reply.body[7] ^= 1;
    return reply;
  });
  LineOf(ErrorCode::kInvalidData, [&] { Run(); });
  ExpectNoSnapshot();
}

TEST_F(DownloadTest, ABadNetworkIsOvercome) {
  std::atomic<int> count = 0;
  hub_.SetFault([&](bool, const ServedRequest& request,
                    const ServedReply& usual) -> std::optional<ServedReply> {
    switch (++count % 5) {
      case 0:
        return ServedReply{.is_dropped = true};
      case 2:
        return ServedReply{.status = 503, .headers = {{"Retry-After", "0"}}};
      case 3: {
        ServedReply reply = usual;
        if (request.method != "HEAD" && usual.body.size() > 200'000) reply.cut_after = 150'000;
        return reply;
      }
      default:
        return std::nullopt;
    }
  });
  HttpOptions http = hub_.Http();
  http.attempts = 30;
  const HttpClient client(http);
  const Settings settings = hub_.SettingsWith(cache_.path());
  const Repository repository(client, settings, {.repository = test::kRepository});
  Download(client, repository, settings, {});
  EXPECT_EQ(Read("model-1.safetensors"), large_);
}

TEST_F(DownloadTest, TwoAtATimeAreRefused) {
  fs::create_directories(cached_.folder() / "blobs");
  const File held = File::OpenForWrite(Incomplete());
  ASSERT_TRUE(held.TryLock());
  LineOf(ErrorCode::kAlreadyExists, [&] { Run(); });
}

TEST_F(DownloadTest, HostileSizesDoNotFillTheDisk) {
  hub_.SetFault([&](bool, const ServedRequest& request,
                    const ServedReply& usual) -> std::optional<ServedReply> {
    if (request.method != "HEAD" || !request.target.ends_with("model-1.safetensors")) {
      return std::nullopt;
    }
    ServedReply reply = usual;
    for (auto& [name, value] : reply.headers) {
      if (name == "X-Linked-Size") value = "1000000000000000";
    }
    return reply;
  });
  const std::string line = LineOf(ErrorCode::kIo, [&] { Run(); });
  EXPECT_NE(line.find("free bytes"), std::string::npos) << line;
  ExpectNoSnapshot();
}

}  // namespace
}  // namespace hlwq::hub
