#include "hub/sha256.h"

#include <gtest/gtest.h>

namespace hlwq::hub {
namespace {

TEST(Sha256, KnownTextInAnyPieces) {
  const std::string text = "abc";
  Sha256 whole, pieces;
  whole.Update(std::as_bytes(std::span(text)));
  pieces.Update(std::as_bytes(std::span(text)).first(1));
  pieces.Update(std::as_bytes(std::span(text)).subspan(1));
  const std::string want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(whole.Digest(), want);
  EXPECT_EQ(pieces.Digest(), want);
}

}  // namespace
}  // namespace hlwq::hub
