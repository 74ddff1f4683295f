#include "hub/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/hub/expect_error.h"
#include "tests/hub/http_server.h"

namespace hlwq::hub {
namespace {

using test::HttpServer;
using test::LineOf;
using test::ServedReply;
using test::ServedRequest;

HttpOptions Quick(const std::string& endpoint) {
  return {.endpoint = endpoint,
          .token = "hf_secret",
          .attempts = 3,
          .first_delay = std::chrono::milliseconds(1),
          .connect_timeout = std::chrono::seconds(5),
          .stall_timeout = std::chrono::seconds(1)};
}

using Replies = std::vector<ServedReply>;

// Answers with these, one after the other, the last one for ever.
class Script {
 public:
  explicit Script(Replies replies)
      : replies_(std::move(replies)), server_([this](const ServedRequest&) {
          return replies_[std::min(next_++, replies_.size() - 1)];
        }) {}
  HttpServer& server() { return server_; }

 private:
  Replies replies_;
  std::atomic<size_t> next_ = 0;
  HttpServer server_;
};

TEST(HttpClient, TextIsReadAndTheTokenGoesToTheEndpoint) {
  Script script(Replies{{.body = "hello"}});
  const HttpClient client(Quick(script.server().url()));
  EXPECT_EQ(client.GetText(script.server().url() + "/x?y=1", 5), "hello");
  const auto requests = script.server().requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].target, "/x?y=1");
  EXPECT_EQ(requests[0].headers.at("authorization"), "Bearer hf_secret");
  EXPECT_EQ(requests[0].headers.at("accept-encoding"), "identity");
  EXPECT_TRUE(requests[0].headers.at("user-agent").starts_with("hlwq/"));
}

TEST(HttpClient, TheTokenDoesNotFollowARedirectToAnotherHost) {
  Script store(Replies{{.body = "far"}});
  Script hub(Replies{{.status = 302, .headers = {{"Location", store.server().url() + "/y"}}}});
  const HttpClient client(Quick(hub.server().url()));
  EXPECT_EQ(client.GetText(hub.server().url() + "/x", 10), "far");
  ASSERT_EQ(store.server().requests().size(), 1u);
  EXPECT_FALSE(store.server().requests()[0].headers.contains("authorization"));
}

TEST(HttpClient, ARedirectBackToTheEndpointHasTheTokenAgain) {
  Script hub(Replies{{.status = 307, .headers = {{"Location", "/moved"}}}, {.body = "near"}});
  const HttpClient client(Quick(hub.server().url()));
  EXPECT_EQ(client.GetText(hub.server().url() + "/x", 10), "near");
  ASSERT_EQ(hub.server().requests().size(), 2u);
  EXPECT_EQ(hub.server().requests()[1].target, "/moved");
  EXPECT_TRUE(hub.server().requests()[1].headers.contains("authorization"));
}

TEST(HttpClient, RedirectsEndSomewhere) {
  Script hub(Replies{{.status = 302, .headers = {{"Location", "/again"}}}});
  const HttpClient client(Quick(hub.server().url()));
  LineOf(ErrorCode::kIo, [&] { client.GetText(hub.server().url() + "/x", 10); });
  EXPECT_EQ(hub.server().requests().size(), 6u);
  Script odd(Replies{{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}}});
  const HttpClient other(Quick(odd.server().url()));
  LineOf(ErrorCode::kIo, [&] { other.GetText(odd.server().url() + "/x", 10); });
}

TEST(HttpClient, BusyServersAreAskedAgain) {
  Script script(
      {{.status = 503}, {.status = 429, .headers = {{"Retry-After", "0"}}}, {.body = "ok"}});
  const HttpClient client(Quick(script.server().url()));
  EXPECT_EQ(client.GetText(script.server().url() + "/x", 10), "ok");
  EXPECT_EQ(script.server().requests().size(), 3u);
}

TEST(HttpClient, RetryAfterIsWaitedFor) {
  Script script(Replies{{.status = 429, .headers = {{"Retry-After", "1"}}}, {.body = "ok"}});
  const HttpClient client(Quick(script.server().url()));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.GetText(script.server().url() + "/x", 10), "ok");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(990));
}

TEST(HttpClient, PatienceEndsAndSaysWhy) {
  Script script(Replies{{.status = 500}});
  const HttpClient client(Quick(script.server().url()));
  const std::string line = LineOf(
      ErrorCode::kIo, [&] { client.GetText(script.server().url() + "/x?signature=secret", 10); });
  EXPECT_EQ(line, script.server().url() + "/x: got status 500, after 3 attempts");
  EXPECT_EQ(script.server().requests().size(), 3u);
}

TEST(HttpClient, DroppedAndShortRepliesAreAskedForAgain) {
  Script script(
      Replies{{.is_dropped = true}, {.body = "hello", .cut_after = 2}, {.body = "hello"}});
  const HttpClient client(Quick(script.server().url()));
  EXPECT_EQ(client.GetText(script.server().url() + "/x", 5), "hello");
}

TEST(HttpClient, AStalledReplyIsBrokenOff) {
  Script script(Replies{{.body = "hello", .pause = std::chrono::seconds(20)}, {.body = "hello"}});
  const HttpClient client(Quick(script.server().url()));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.GetText(script.server().url() + "/x", 5), "hello");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
}

TEST(HttpClient, StatusesBecomeErrors) {
  const std::pair<int, ErrorCode> cases[] = {{401, ErrorCode::kInvalidArgument},
                                             {403, ErrorCode::kInvalidArgument},
                                             {404, ErrorCode::kNotFound},
                                             {418, ErrorCode::kIo}};
  for (const auto& [status, code] : cases) {
    Script script(Replies{{.status = status, .body = "<html>no</html>"}});
    const HttpClient client(Quick(script.server().url()));
    const std::string line =
        LineOf(code, [&] { client.GetText(script.server().url() + "/x", 10); });
    EXPECT_NE(line.find(std::to_string(status)), std::string::npos);
    EXPECT_EQ(script.server().requests().size(), 1u);
    if (status == 401) {
      EXPECT_NE(line.find("HF_TOKEN"), std::string::npos);
    }
  }
}

TEST(HttpClient, LongTextsAreRefused) {
  Script script(Replies{{.body = "too long"}});
  const HttpClient client(Quick(script.server().url()));
  LineOf(ErrorCode::kInvalidData, [&] { client.GetText(script.server().url() + "/x", 3); });
}

TEST(HttpClient, NobodyThereIsAnIoError) {
  std::string url;
  {
    Script script(Replies{{.body = "x"}});
    url = script.server().url();
  }
  const HttpClient client(Quick(url));
  const std::string line = LineOf(ErrorCode::kIo, [&] { client.GetText(url + "/x", 3); });
  EXPECT_NE(line.find("after 3 attempts"), std::string::npos) << line;
}

TEST(HttpClient, OnlyHttpIsSpoken) {
  const HttpClient client(Quick("http://127.0.0.1"));
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "nonsense", ""}) {
    LineOf(ErrorCode::kInvalidArgument, [&] { client.GetText(url, 3); });
  }
}

TEST(HttpClient, StoppingEndsWaits) {
  Script script(Replies{{.status = 503, .headers = {{"Retry-After", "100"}}}});
  HttpClient client(Quick(script.server().url()));
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    client.Stop();
  });
  LineOf(ErrorCode::kCancelled, [&] { client.GetText(script.server().url() + "/x", 3); });
  stopper.join();
  LineOf(ErrorCode::kCancelled, [&] { client.GetText(script.server().url() + "/x", 3); });
}

TEST(Url, MessagesShowNeitherQueryNorUser) {
  EXPECT_EQ(ShownUrl("https://user:secret@host/a/b?signature=secret#secret"), "https://host/a/b");
}

TEST(Url, OriginsAreSchemeHostAndPort) {
  EXPECT_EQ(OriginOf("https://Hub.co/x"), "https://hub.co:443");
  EXPECT_EQ(OriginOf("https://hub.co:443"), OriginOf("https://hub.co/y?z"));
  EXPECT_NE(OriginOf("http://hub.co"), OriginOf("https://hub.co"));
  EXPECT_NE(OriginOf("https://hub.co.evil.org"), OriginOf("https://hub.co"));
  EXPECT_NE(OriginOf("https://hub.co@evil.org"), OriginOf("https://hub.co"));
  EXPECT_EQ(OriginOf("ftp://hub.co"), "");
}

TEST(Url, PathsAreEncoded) {
  EXPECT_EQ(EncodePath("a b/c?#%\xc3\xa4.x"), "a%20b/c%3F%23%25%C3%A4.x");
  EXPECT_EQ(EncodePart("refs/pr/1"), "refs%2Fpr%2F1");
}

}  // namespace
}  // namespace hlwq::hub
