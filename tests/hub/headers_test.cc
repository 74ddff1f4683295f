#include "hub/headers.h"

#include <gtest/gtest.h>

namespace hlwq::hub {
namespace {

TEST(Headers, NamesAreComparedWithoutCaseAndTheLastValueCounts) {
  Headers headers;
  headers.AddLine("X-Linked-ETag:  \"abc\" \r\n");
  headers.AddLine("HTTP/1.1 200 OK\r\n");
  headers.AddLine("Length: 1\r\n");
  headers.AddLine("length: 2\r\n");
  headers.AddLine(": nameless");
  EXPECT_EQ(headers.Find("x-linked-etag"), "\"abc\"");
  EXPECT_EQ(headers.Find("length"), "2");
  EXPECT_EQ(headers.Find("absent"), std::nullopt);
  EXPECT_EQ(headers.Find(""), std::nullopt);
}

TEST(Headers, WhatComesAfterTheLimitIsDropped) {
  Headers headers;
  headers.AddLine("a: " + std::string(Headers::kMaxBytes - 10, 'x'));
  headers.AddLine("b: too much of it");
  EXPECT_TRUE(headers.Find("a"));
  EXPECT_FALSE(headers.Find("b"));
}

TEST(Headers, SizesAreDigitsAlone) {
  EXPECT_EQ(ParseSize("0"), 0u);
  EXPECT_EQ(ParseSize("9223372036854775807"), 9223372036854775807u);
  for (const char* text :
       {"", "-1", "+1", "1 ", "0x1", "9223372036854775808", "1e3", "99999999999999999999999"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
}

TEST(Headers, RangesAreWithinTheirTotal) {
  const auto range = ParseContentRange("bytes 5-9/10");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5u);
  EXPECT_EQ(range->last, 9u);
  EXPECT_EQ(range->total, 10u);
  for (const char* text : {"bytes 5-10/10", "bytes 6-5/10", "bytes */10", "bytes 0-1/*", "5-9/10",
                           "bytes 5/9-10", "bytes -9/10", "bytes 5-9/", ""}) {
    EXPECT_FALSE(ParseContentRange(text)) << text;
  }
}

TEST(Headers, RetryAfterIsSecondsOrADate) {
  const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);
  EXPECT_EQ(ParseRetryAfter("7", now), std::chrono::seconds(7));
  EXPECT_EQ(ParseRetryAfter("Tue, 14 Nov 2023 22:13:50 GMT", now), std::chrono::seconds(30));
  EXPECT_EQ(ParseRetryAfter("Tue, 14 Nov 2000 22:13:50 GMT", now), std::chrono::seconds(0));
  EXPECT_FALSE(ParseRetryAfter("soon", now));
  EXPECT_FALSE(ParseRetryAfter("-1", now));
}

TEST(Headers, AnEtagCanBeTheNameOfAFile) {
  EXPECT_EQ(ParseEtag("W/\"a1-b_c.d\""), "a1-b_c.d");
  EXPECT_EQ(ParseEtag("a1"), "a1");
  for (const char* text :
       {"", "\"\"", "\"..\"", "\"a/b\"", "\"a\\b\"", "\".a\"", "\"a b\"", "\""}) {
    EXPECT_FALSE(ParseEtag(text)) << text;
  }
  EXPECT_FALSE(ParseEtag(std::string(129, 'a')));
}

TEST(Headers, HashesAreLowerCaseHex) {
  EXPECT_TRUE(IsSha256(std::string(64, 'a')));
  EXPECT_FALSE(IsSha256(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256(std::string(63, 'a')));
  EXPECT_TRUE(IsCommit(std::string(40, '0')));
  EXPECT_FALSE(IsCommit("main"));
}

}  // namespace
}  // namespace hlwq::hub
