#include "hub/range_reader.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/hub/content.h"
#include "tests/hub/expect_error.h"
#include "tests/hub/fake_hub.h"

namespace hlwq::hub {
namespace {

using test::FakeHub;
using test::LineOf;
using test::ServedReply;
using test::ServedRequest;

class RangeReaderTest : public testing::Test {
 protected:
  RangeReaderTest() { hub_.AddLarge("model.bin", content_); }

  std::string Read(uint64_t offset, size_t bytes) {
    std::string out(bytes, '\0');
    reader_.ReadAt(offset, std::as_writable_bytes(std::span(out)));
    return out;
  }
  size_t RequestsToTheHub() { return hub_.api().requests().size(); }

  const std::string content_ = Content(300'000);
  FakeHub hub_;
  HttpClient client_{hub_.Http()};
  RangeReader reader_{client_,
                      hub_.api().url() + "/org/model/resolve/" + test::kCommit + "/model.bin",
                      content_.size()};
};

TEST_F(RangeReaderTest, RangesComeFromTheStoreWhichIsRemembered) {
  EXPECT_EQ(Read(0, 8), content_.substr(0, 8));
  EXPECT_EQ(Read(299'000, 1000), content_.substr(299'000));
  EXPECT_EQ(Read(0, content_.size()), content_);
  EXPECT_EQ(RequestsToTheHub(), 1u);
  for (const ServedRequest& request : hub_.store().requests()) {
    EXPECT_FALSE(request.headers.contains("authorization"));
  }
}

TEST_F(RangeReaderTest, WhatBreaksOffGoesOnWhereItEnded) {
  std::atomic<int> cuts = 0;
  hub_.SetFault([&](bool is_store, const ServedRequest&,
                    const ServedReply& usual) -> std::optional<ServedReply> {
    if (!is_store) return std::nullopt;
    ServedReply reply = usual;
    // Each attempt brings enough to be worth it: there are more of them than patience has.
    reply.cut_after = 70'000;
    ++cuts;
    return reply;
  });
  EXPECT_EQ(Read(0, content_.size()), content_);
  EXPECT_EQ(cuts, 5);
  const auto requests = hub_.store().requests();
  EXPECT_EQ(requests[1].headers.at("range"), "bytes=70000-299999");
}

TEST_F(RangeReaderTest, AServerThatGivesNextToNothingIsGivenUp) {
  hub_.SetFault([](bool is_store, const ServedRequest&,
                   const ServedReply& usual) -> std::optional<ServedReply> {
    if (!is_store) return std::nullopt;
    ServedReply reply = usual;
    reply.cut_after = 1;
    return reply;
  });
  const std::string line = LineOf(ErrorCode::kIo, [&] { Read(0, 1000); });
  EXPECT_NE(line.find("after 4 attempts"), std::string::npos) << line;
}

TEST_F(RangeReaderTest, AUrlOfTheStoreThatEndedIsAskedForAnew) {
  EXPECT_EQ(Read(0, 8), content_.substr(0, 8));
  bool is_refused = false;
  hub_.SetFault(
      [&](bool is_store, const ServedRequest&, const ServedReply&) -> std::optional<ServedReply> {
        if (!is_store || is_refused) return std::nullopt;
        is_refused = true;
        return ServedReply{.status = 403};
      });
  EXPECT_EQ(Read(8, 8), content_.substr(8, 8));
  EXPECT_TRUE(is_refused);
  EXPECT_EQ(RequestsToTheHub(), 2u);
}

TEST_F(RangeReaderTest, AStoreThatAlwaysRefusesIsAnError) {
  hub_.SetFault(
      [](bool is_store, const ServedRequest&, const ServedReply&) -> std::optional<ServedReply> {
        return is_store ? std::optional(ServedReply{.status = 403}) : std::nullopt;
      });
  LineOf(ErrorCode::kInvalidArgument, [&] { Read(0, 8); });
}

TEST_F(RangeReaderTest, RepliesThatAreNotTheRangeAreRefused) {
  const auto answer = [&](ServedReply reply) {
    hub_.SetFault([reply](bool is_store, const ServedRequest&,
                          const ServedReply&) -> std::optional<ServedReply> {
      return is_store ? std::optional(reply) : std::nullopt;
    });
  };
  answer({.status = 200, .body = content_});
  LineOf(ErrorCode::kIo, [&] { Read(8, 8); });
  answer({.status = 206, .body = "12345678"});
  LineOf(ErrorCode::kIo, [&] { Read(8, 8); });
  answer({.status = 206, .headers = {{"Content-Range", "bytes 9-16/300000"}}, .body = "12345678"});
  LineOf(ErrorCode::kIo, [&] { Read(8, 8); });
  answer({.status = 206, .headers = {{"Content-Range", "bytes 8-15/300001"}}, .body = "12345678"});
  LineOf(ErrorCode::kSourceChanged, [&] { Read(8, 8); });
  answer({.status = 200, .body = "12345678"});
  LineOf(ErrorCode::kSourceChanged, [&] { Read(0, 8); });
  answer({.status = 206, .headers = {{"Content-Range", "bytes 8-15/300000"}}, .body = ""});
  LineOf(ErrorCode::kIo, [&] { Read(8, 8); });
}

TEST_F(RangeReaderTest, AServerWithoutRangesWillDoForTheBeginning) {
  hub_.SetFault(
      [&](bool is_store, const ServedRequest&, const ServedReply&) -> std::optional<ServedReply> {
        return is_store ? std::optional(ServedReply{.body = content_}) : std::nullopt;
      });
  EXPECT_EQ(Read(0, 8), content_.substr(0, 8));
  EXPECT_EQ(Read(0, content_.size()), content_);
}

TEST_F(RangeReaderTest, MoreThanWasAskedForIsNotTaken) {
  hub_.SetFault([&](bool is_store, const ServedRequest&,
                    const ServedReply& usual) -> std::optional<ServedReply> {
    if (!is_store) return std::nullopt;
    ServedReply reply = usual;
    reply.body += "surplus";
    return reply;
  });
  EXPECT_EQ(Read(8, 8), content_.substr(8, 8));
}

}  // namespace
}  // namespace hlwq::hub
