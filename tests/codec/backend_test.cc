#include "codec/backend.h"

#include <gtest/gtest.h>

namespace hlwq::codec {
namespace {

TEST(SharingBackend, MakesEachCodecOnce) {
  const SharingBackend backend(ReferenceBackend());
  CodecSpec four;
  four.bits = 4;
  const auto first = backend.MakeCodec(four);
  EXPECT_EQ(backend.MakeCodec(four), first);
  EXPECT_NE(backend.MakeCodec(CodecSpec{}), first);
  EXPECT_EQ(first->spec().bits, 4);
}

}  // namespace
}  // namespace hlwq::codec
