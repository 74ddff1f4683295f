#include "hub/repository.h"

#include <gtest/gtest.h>

#include "tests/hub/expect_error.h"
#include "tests/hub/fake_hub.h"

namespace hlwq::hub {
namespace {

using test::FakeHub;
using test::kCommit;
using test::LineOf;

TEST(Repository, ListsFilesAtACommit) {
  const Listing listing = ParseListing(std::string(R"({"sha": ")") + kCommit +
                                       R"(", "siblings": [{"rfilename": "b/c"},
                                          {"rfilename": "a", "size": 3}], "id": "org/model"})");
  EXPECT_EQ(listing.commit, kCommit);
  EXPECT_EQ(listing.files, (std::vector<std::string>{"a", "b/c"}));
}

TEST(Repository, RepliesThatAreNoneAreRefused) {
  const std::string sha = std::string(R"({"sha": ")") + kCommit + R"(", "siblings": )";
  for (const std::string& text :
       {std::string(""), std::string("<html>"), std::string("[]"), std::string("{}"),
        std::string(R"({"sha": "main", "siblings": []})"), sha + "{}}", sha + "[1]}",
        sha + R"([{"rfilename": "../x"}]})", sha + R"([{"rfilename": "/etc/passwd"}]})",
        sha + R"([{"rfilename": "a\u0000b"}]})", sha + R"([{"rfilename": "a\\b"}]})",
        sha + R"([{"rfilename": ""}]})", sha + R"([{"rfilename": 3}]})", sha + R"([{}]})",
        sha + R"([{"rfilename": "a"}, {"rfilename": "a"}]})", sha + "[}"}) {
    LineOf(ErrorCode::kInvalidData, [&] { ParseListing(text); });
  }
}

HttpReply ReplyWith(std::initializer_list<const char*> lines) {
  HttpReply reply;
  reply.status = 200;
  for (const char* line : lines) reply.headers.AddLine(line);
  return reply;
}

TEST(Repository, LargeFilesAreWhatTheirLinkSays) {
  HttpReply reply = ReplyWith(
      {"ETag: \"store\"", "Content-Length: 10", "X-Linked-Etag: \"abc\"", "X-Linked-Size: 77"});
  EXPECT_EQ(ParseFileInfo(reply, "x", kCommit).etag, "abc");
  EXPECT_EQ(ParseFileInfo(reply, "x", kCommit).size_bytes, 77u);
  EXPECT_FALSE(ParseFileInfo(reply, "x", kCommit).has_sha256());
  // The length of a redirect is that of its text.
  reply = ReplyWith({"Content-Length: 10", "X-Linked-Etag: \"abc\""});
  reply.location = "http://elsewhere/";
  LineOf(ErrorCode::kInvalidData, [&] { ParseFileInfo(reply, "x", kCommit); });
}

TEST(Repository, HeadersThatSayNothingAreRefused) {
  for (const HttpReply& reply :
       {ReplyWith({"ETag: \"a\""}), ReplyWith({"Content-Length: 1"}),
        ReplyWith({"ETag: \"../a\"", "Content-Length: 1"}),
        ReplyWith({"ETag: \"a\"", "Content-Length: -1"}),
        ReplyWith({"ETag: \"a\"", "Content-Length: 9223372036854775807"})}) {
    LineOf(ErrorCode::kInvalidData, [&] { ParseFileInfo(reply, "x", kCommit); });
  }
  const HttpReply other = ReplyWith({"ETag: \"a\"", "Content-Length: 1", "X-Repo-Commit: other"});
  LineOf(ErrorCode::kSourceChanged, [&] { ParseFileInfo(other, "x", kCommit); });
}

TEST(Repository, AsksTheHubAndNotTheStore) {
  FakeHub fake;
  fake.AddSmall("config.json", "{}");
  fake.AddLarge("sub/model.bin", "weights");
  const HttpClient client(fake.Http());
  const Repository repository(client, fake.SettingsWith("/x"),
                              {.repository = test::kRepository, .revision = "v1"});
  EXPECT_EQ(repository.commit(), kCommit);
  EXPECT_EQ(repository.files(), (std::vector<std::string>{"config.json", "sub/model.bin"}));
  const std::vector<FileInfo> infos = repository.AskAll(repository.files());
  EXPECT_EQ(infos[0].size_bytes, 2u);
  EXPECT_EQ(infos[1].size_bytes, 7u);
  EXPECT_TRUE(infos[1].has_sha256());
  EXPECT_EQ(infos[1].etag, fake.EtagOf("sub/model.bin"));
  EXPECT_TRUE(fake.store().requests().empty());
}

TEST(Repository, AbsentOnesAreNotFound) {
  FakeHub fake;
  const HttpClient client(fake.Http());
  const std::string line = LineOf(ErrorCode::kNotFound, [&] {
    Repository(client, fake.SettingsWith("/x"),
               {.repository = test::kRepository, .revision = "refs/pr/1"});
  });
  EXPECT_NE(line.find("/api/models/org/model/revision/refs%2Fpr%2F1: got status 404"),
            std::string::npos)
      << line;
}

}  // namespace
}  // namespace hlwq::hub
