#include "codec/float_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "codec/backend.h"
#include "tensor/float16.h"

namespace hlwq::codec {
namespace {

TEST(FloatRows, EveryHalfSurvivesTheRoundTrip) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    std::vector<uint16_t> all(65536), back(65536);
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
    std::vector<float> wide(all.size());
    const Backend& backend = ReferenceBackend();
    backend.ToFloat(dtype, std::as_bytes(std::span(all)), wide);
    backend.FromFloat(wide, dtype, std::as_writable_bytes(std::span(back)));
    for (size_t i = 0; i < all.size(); ++i) {
      if (wide[i] != wide[i]) {
        EXPECT_NE(back[i] & 0x3FF, 0);  // NaN stays NaN, made quiet
      } else {
        ASSERT_EQ(back[i], all[i]);
      }
    }
  }
}

TEST(FloatRows, OtherTypesAreRefused) {
  std::vector<float> out(1);
  const std::vector<std::byte> in(8);
  EXPECT_THAT([&] { ToFloatReference(DType::kF64, in, out); },
              testing::Throws<Error>(testing::Property(&Error::code, ErrorCode::kUnsupported)));
}

}  // namespace
}  // namespace hlwq::codec
