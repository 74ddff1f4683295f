#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/server/http_server.h"

namespace hlwq::server {
namespace {

using nlohmann::json;
using test::kChat;
using test::kHello;
using testing::HasSubstr;
using HttpAccess = test::HttpServer;

TEST_F(HttpAccess, RefusesWhatMakesNoSenseAndLives) {
  Start({}, 20000);
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), deep,
        std::string("{\"messages\": \"\xFF\"}"), std::string("{\"a\": 1, \"a\": 2}"),
        std::string("{\"a\": \"\\ud800\"}"), std::string("\0", 1),
        std::string("{\"messages\": [], \"seed\": 1e999}")}) {
    const auto [status, reply] = Post(kChat, body);
    EXPECT_EQ(status, 400) << body.substr(0, 50);
    EXPECT_FALSE(reply["error"]["message"].get<std::string>().empty());
  }
  EXPECT_EQ(Post(kChat, std::string(30000, ' ')).first, 413);
  const auto [too_large, refusal] = Post("/v1/messages", std::string(30000, ' '));
  EXPECT_EQ(too_large, 413);
  EXPECT_EQ(refusal["error"]["type"], "request_too_large");  // in the form of that API
  EXPECT_EQ(Client().Get(("/" + std::string(9000, 'a')).c_str())->status, 414);
  EXPECT_EQ(Post(kChat, kHello + "}").first, 200);
}

// curl says that what it sends is a form, and the library takes short ones only.
TEST_F(HttpAccess, TakesJsonWhateverItIsCalled) {
  Start();
  json body = json::parse(kHello + "}");
  for (size_t word = 0; word < 2000; ++word)
    body["messages"][0]["content"] = body["messages"][0]["content"].get<std::string>() + " fox";
  const json expected = Post(kChat, body.dump()).second["choices"];
  ASSERT_FALSE(expected.is_null());
  for (const char* type : {"application/x-www-form-urlencoded", "text/plain", ""}) {
    const auto result = Client().Post(kChat, body.dump(), type);
    ASSERT_EQ(result->status, 200) << type;
    EXPECT_EQ(json::parse(result->body)["choices"], expected);
  }
  const httplib::MultipartFormDataItems parts = {{"a", "b", "", ""}};
  EXPECT_EQ(Client().Post(kChat, parts)->status, 400);
}

TEST_F(HttpAccess, RefusesRequestsThatTwoReadersWouldCutDifferently) {
  Start();
  const httplib::Headers twice = {{"Host", "localhost"}, {"Host", "127.0.0.1"}};
  EXPECT_EQ(Post(kChat, kHello + "}", twice).first, 400);
}

TEST_F(HttpAccess, AsksForAKey) {
  Start({.api_keys = {"secret"}});
  EXPECT_EQ(Post(kChat, kHello + "}").first, 401);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Authorization", "Bearer other"}}).first, 401);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Authorization", "Bearer secret"}}).first, 200);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"x-api-key", "secret"}}).first, 200);
  EXPECT_EQ(Client().Get("/metrics")->status, 401);
  EXPECT_EQ(Post("/v1/messages", "{}").second["error"]["type"], "authentication_error");
  EXPECT_EQ(Post("/v1/messages", "{}").second["type"], "error");
  EXPECT_EQ(Client().Get("/health")->status, 200);
}

TEST_F(HttpAccess, HasAPageForWhoeverHasAKey) {
  Start({.api_keys = {"secret"}});
  for (const char* path :
       {"/", "/app.js", "/client.js", "/markdown.js", "/store.js", "/style.css"}) {
    const auto file = Client().Get(path);
    ASSERT_EQ(file->status, 200) << path;
    EXPECT_GT(file->body.size(), 500u) << path;
    EXPECT_THAT(file->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  }
  EXPECT_EQ(Client().Get("/page.h")->status, 401);
}

TEST_F(HttpAccess, IsNotForOtherNamesAndOtherPages) {
  Start({.origins = {"https://chat.example"}});
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Host", "evil.example"}}).first, 403);
  EXPECT_EQ(Post(kChat, kHello + "}", {{"Origin", "https://evil.example"}}).first, 403);
  const httplib::Headers page = {{"Origin", "https://chat.example"}};
  const auto preflight = Client().Options(kChat, page);
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->get_header_value("Access-Control-Allow-Origin"), "https://chat.example");
  EXPECT_EQ(Post(kChat, kHello + "}", page).first, 200);
}

TEST(HttpServerAddress, ThatIsTakenIsRefused) {
  ModelShelf none({"none"}, {}, nullptr, nullptr);
  const Server first(none, {.port = 0});
  try {
    const Server second(none, {.host = "256.1.1.1", .port = first.port()});
    ADD_FAILURE() << "bound";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen there"));
  }
}

}  // namespace
}  // namespace hlwq::server
