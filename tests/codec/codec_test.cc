#include "codec/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "codec/codec_record.h"
#include "tests/codec/coded_matrix.h"

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
    spec.parameters = HlwqParameters{.table = "polarquant-v1", .scale_rule = ScaleRule::kNorm};
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
  const auto in_words = [](const char* key, nlohmann::json word, CodecSpec spec = {}) {
    return [=] { MakeReferenceCodec(test::InWords(spec, {{key, word}})); };
  };
  const auto make = [](auto change) {
    CodecSpec spec;
    change(spec);
    return [spec] { MakeReferenceCodec(spec); };
  };
  ExpectError(in_words("name", "trellis"), ErrorCode::kUnsupported,
              "unknown codec 'trellis' (want hlwq or hlwq-t)");
  ExpectError(in_words("version", 2), ErrorCode::kUnsupported, "version");
  ExpectError(make([](auto& s) { s.bits = 9; }), ErrorCode::kInvalidArgument, "bits");
  ExpectError(in_words("block_size", 64), ErrorCode::kUnsupported, "64");
  ExpectError(in_words("scale_group", 64), ErrorCode::kUnsupported, "64");
  ExpectError(in_words("table", "custom"), ErrorCode::kUnsupported, "custom");
  ExpectError(make([](auto& s) { s.levels = {1, 2}; }), ErrorCode::kInvalidArgument, "levels");
  ExpectError(in_words("bit_order", "lsb", {.parameters = {}, .bits = 4, .levels = {}}),
              ErrorCode::kInvalidArgument, "lsb");
  ExpectError(in_words("scale_rule", "max"), ErrorCode::kInvalidArgument, "max");
}

TEST(CodecRecord, EachIsThatOfItsAlternativeAndItsName) {
  for (const CodecRecord* record : CodecRecords()) {
    const CodecSpec spec = record->default_spec();
    EXPECT_EQ(&RecordOf(spec), record);
    EXPECT_EQ(&RecordOf(record->name), record);
    EXPECT_EQ(DescribeSpec(spec).name, record->name);
  }
}

TEST(CodecRecord, WidthsAreThoseThatTheCodecTakes) {
  for (const CodecRecord* record : CodecRecords()) {
    CodecSpec spec = record->default_spec();
    for (spec.bits = record->min_bits; spec.bits <= record->max_bits; ++spec.bits) {
      EXPECT_EQ(MakeReferenceCodec(spec)->spec().bits, spec.bits) << record->name;
    }
    for (const int bits : {record->min_bits - 1, record->max_bits + 1}) {
      spec.bits = bits;
      ExpectError([&] { MakeReferenceCodec(spec); }, ErrorCode::kInvalidArgument, "want bits in");
    }
  }
}

TEST(CodecSpec, EveryCodecSurvivesItsJson) {
  for (const CodecSpec& spec : test::EverySpec()) {
    const CodecSpec stored = MakeReferenceCodec(spec)->spec();
    EXPECT_EQ(SpecFromJson(SpecToJson(stored)), stored) << test::SpecName(spec);
  }
}

}  // namespace
}  // namespace hlwq::codec
