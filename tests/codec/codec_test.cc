#include "codec/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hlwq::codec {
namespace {

using testing::HasSubstr;
using testing::Property;
using testing::Throws;

template <typename Call>
void ExpectError(Call call, ErrorCode code, const char* text) {
  EXPECT_THAT(call, Throws<Error>(testing::AllOf(Property(&Error::code, code),
                                                 Property(&Error::what, HasSubstr(text)))));
}

TEST(CodecSpec, JsonRoundTripIsExact) {
  for (int bits = 1; bits <= 8; ++bits) {
    CodecSpec spec;
    spec.bits = bits;
    spec.scale_rule = "norm";
    spec.table = "polarquant-v1";
    spec = MakeReferenceCodec(spec)->spec();
    ASSERT_EQ(spec.levels.size(), size_t{1} << bits);
    const auto text = SpecToJson(spec).dump();
    EXPECT_EQ(SpecFromJson(nlohmann::json::parse(text)), spec);
  }
}

TEST(CodecSpec, MissingAndWrongKeysAreNamed) {
  const nlohmann::json good = SpecToJson(MakeReferenceCodec(CodecSpec{})->spec());
  for (const auto& [key, value] : good.items()) {
    nlohmann::json missing = good;
    missing.erase(key);
    ExpectError([&] { SpecFromJson(missing); }, ErrorCode::kInvalidData, key.c_str());
    nlohmann::json wrong = good;
    wrong[key] = nlohmann::json::object();
    ExpectError([&] { SpecFromJson(wrong); }, ErrorCode::kInvalidData, key.c_str());
  }
  nlohmann::json huge = good;
  huge["bits"] = uint64_t{1} << 63;
  ExpectError([&] { SpecFromJson(huge); }, ErrorCode::kInvalidData, "bits");
  ExpectError([] { SpecFromJson(nlohmann::json::array()); }, ErrorCode::kInvalidData, "object");
}

TEST(MakeReferenceCodec, WhatItCannotDoIsRefused) {
  const auto make = [](auto change) {
    CodecSpec spec;
    change(spec);
    return [spec] { MakeReferenceCodec(spec); };
  };
  ExpectError(make([](auto& s) { s.name = "trellis"; }), ErrorCode::kUnsupported, "trellis");
  ExpectError(make([](auto& s) { s.version = 2; }), ErrorCode::kUnsupported, "version");
  ExpectError(make([](auto& s) { s.bits = 9; }), ErrorCode::kInvalidArgument, "bits");
  ExpectError(make([](auto& s) { s.block_size = 64; }), ErrorCode::kUnsupported, "64");
  ExpectError(make([](auto& s) { s.table = "custom"; }), ErrorCode::kUnsupported, "custom");
  ExpectError(make([](auto& s) { s.levels = {1, 2}; }), ErrorCode::kInvalidArgument, "levels");
  ExpectError(make([](auto& s) { s.bit_order = "lsb", s.bits = 4; }), ErrorCode::kInvalidArgument,
              "lsb");
  ExpectError(make([](auto& s) { s.scale_rule = "max"; }), ErrorCode::kInvalidArgument, "max");
}

}  // namespace
}  // namespace hlwq::codec
