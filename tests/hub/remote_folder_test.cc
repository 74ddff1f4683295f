#include "hub/remote_folder.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/hub/content.h"
#include "tests/hub/expect_error.h"
#include "tests/hub/fake_hub.h"

namespace hlwq::hub {
namespace {

using test::FakeHub;
using test::LineOf;
using test::ServedReply;
using test::ServedRequest;

class RemoteFolderTest : public testing::Test {
 protected:
  RemoteFolderTest() {
    hub_.AddSmall("config.json", "{}");
    hub_.AddLarge("model.safetensors", content_);
    hub_.AddSmall("sub/other.json", "[]");
  }
  RemoteFolder Folder(const std::string& file = "") {
    return RemoteFolder(hub_.Http(), hub_.SettingsWith("/x"),
                        {.repository = test::kRepository, .file = file});
  }
  std::string Read(const File& file, uint64_t offset, size_t bytes) {
    std::string out(bytes, '\0');
    file.ReadAt(offset, std::as_writable_bytes(std::span(out)));
    return out;
  }

  const std::string content_ = Content((40u << 20) + 777);
  FakeHub hub_;
};

TEST_F(RemoteFolderTest, HasTheFilesAtTheTopOfTheRepository) {
  const RemoteFolder folder = Folder();
  EXPECT_EQ(folder.path(), "hf:org/model");
  EXPECT_EQ(folder.commit(), test::kCommit);
  EXPECT_EQ(folder.Names(), (std::vector<std::string>{"config.json", "model.safetensors"}));
  EXPECT_EQ(folder.LocalPath("config.json"), std::nullopt);
  const File file = folder.Open("config.json");
  EXPECT_EQ(file.path(), "hf:org/model/config.json");
  EXPECT_TRUE(file.is_remote());
  EXPECT_EQ(ReadSmallFile(file, 10), "{}");
  LineOf(ErrorCode::kNotFound, [&] { folder.Open("absent"); });
  EXPECT_EQ(folder.NamesBelow(), std::vector<std::string>{"sub/other.json"});
  EXPECT_EQ(ReadSmallFile(folder.Open("sub/other.json"), 10), "[]");
}

TEST_F(RemoteFolderTest, AFileThatIsNamedMayLieDeeper) {
  EXPECT_EQ(ReadSmallFile(Folder("sub/other.json").Open("sub/other.json"), 10), "[]");
}

TEST_F(RemoteFolderTest, ReadingInOrderWithHintsGivesTheFileAndFetchesItOnce) {
  const RemoteFolder folder = Folder();
  const File file = folder.Open("model.safetensors");
  constexpr size_t kChunk = 2u << 20;
  for (size_t hint = 0; hint < 8; ++hint) file.PrefetchHint(hint * kChunk, kChunk);
  std::string back;
  for (size_t offset = 0; offset < content_.size(); offset += kChunk) {
    file.PrefetchHint(offset + 8 * kChunk, kChunk);
    back += Read(file, offset, std::min(kChunk, content_.size() - offset));
  }
  EXPECT_TRUE(back == content_);
  EXPECT_EQ(hub_.store().requests().size(), 11u);  // pieces of 4 MiB
}

TEST_F(RemoteFolderTest, AnyReadsGiveTheBytesOfTheFile) {
  const File file = Folder().Open("model.safetensors");  // which keeps what it needs
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    const size_t offset = random() % content_.size();
    const size_t bytes =
        std::min<size_t>(random() % (1u << (round % 24)), content_.size() - offset);
    if (round % 3 == 0) file.PrefetchHint(random() % content_.size(), 3u << 20);
    ASSERT_TRUE(Read(file, offset, bytes) == content_.substr(offset, bytes)) << round;
  }
}

TEST_F(RemoteFolderTest, SmallReadsOfAHeaderAreOneRequest) {
  const File file = Folder().Open("model.safetensors");
  EXPECT_EQ(Read(file, 0, 8), content_.substr(0, 8));
  EXPECT_EQ(Read(file, 8, 1000), content_.substr(8, 1000));
  EXPECT_EQ(hub_.store().requests().size(), 1u);
}

TEST_F(RemoteFolderTest, AFailureReachesTheReaderAndTheNextReadTriesAnew) {
  const File file = Folder().Open("model.safetensors");
  hub_.SetFault(
      [](bool is_store, const ServedRequest&, const ServedReply&) -> std::optional<ServedReply> {
        return is_store ? std::optional(ServedReply{.status = 503}) : std::nullopt;
      });
  file.PrefetchHint(0, 1000);
  LineOf(ErrorCode::kIo, [&] { Read(file, 0, 1000); });
  hub_.SetFault(nullptr);
  EXPECT_EQ(Read(file, 0, 1000), content_.substr(0, 1000));
}

TEST_F(RemoteFolderTest, EndingDoesNotWaitForASlowServer) {
  const auto start = std::chrono::steady_clock::now();
  {
    const File file = Folder().Open("model.safetensors");
    hub_.SetFault(
        [](bool is_store, const ServedRequest&, const ServedReply&) -> std::optional<ServedReply> {
          if (!is_store) return std::nullopt;
          return ServedReply{.status = 503, .headers = {{"Retry-After", "100"}}};
        });
    file.PrefetchHint(0, 20u << 20);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(RemoteFolderTest, AnotherCommitThanTheListedOneIsRefused) {
  hub_.SetFault([](bool, const ServedRequest& request,
                   const ServedReply& usual) -> std::optional<ServedReply> {
    if (request.method != "HEAD") return std::nullopt;
    ServedReply reply = usual;
    reply.headers[0].second = std::string(40, 'f');
    reply.headers.emplace_back("X-Repo-Commit", std::string(40, 'f'));
    return reply;
  });
  LineOf(ErrorCode::kSourceChanged, [&] { Folder(); });
}

}  // namespace
}  // namespace hlwq::hub
