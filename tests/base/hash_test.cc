#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(Xxh3, MatchesThePublishedValueOfTheEmptyInput) {
  EXPECT_EQ(Xxh3({}), 0x2D06800538D394C2u);  // xxHash specification, XXH3_64bits of ""
}

TEST(Xxh3Stream, PiecesHashLikeTheWhole) {
  const std::string text(100'000, 'h');
  Xxh3Stream stream;
  stream.Update(Bytes(text).first(1));
  stream.Update(Bytes(text).subspan(1, 70'000));
  stream.Update(Bytes(text).subspan(70'001));
  EXPECT_EQ(stream.Digest(), Xxh3(Bytes(text)));
  stream.Reset();
  EXPECT_EQ(stream.Digest(), Xxh3({}));
}

TEST(HashHex, RoundTripsAndRefusesAnythingElse) {
  EXPECT_EQ(HashToHex(0x0123456789abcdefu), "0123456789abcdef");
  EXPECT_EQ(HashFromHex("0123456789abcdef"), 0x0123456789abcdefu);
  for (const char* bad : {"", "123", "0123456789abcdeg", "0123456789abcdef0", "-123456789abcdef",
                          "0123456789ABCDEF"}) {
    EXPECT_THROW(HashFromHex(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace hlwq
