#include "io/safetensors.h"

#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::io {
namespace {

using ::testing::HasSubstr;

std::string MessageOf(std::string_view json, uint64_t data_bytes) {
  try {
    ParseSafetensorsHeader(json, data_bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
    return error.what();
  }
  return "no error";
}

TEST(SafetensorsHeader, EntriesComeInFileOrderWithMetadata) {
  const auto header = ParseSafetensorsHeader(
      R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[6,14]},"__metadata__":{"format":"pt"},)"
      R"("a":{"shape":[3],"dtype":"BF16","data_offsets":[0,6]},"e":{"dtype":"U8","shape":[0,7],"data_offsets":[6,6]}})",
      14);
  ASSERT_EQ(header.entries.size(), 3u);
  EXPECT_EQ(header.entries[0].name, "a");
  EXPECT_EQ(header.entries[1].name, "e");
  EXPECT_EQ(header.entries[2].name, "b");
  EXPECT_EQ(header.entries[2].dtype, DType::kF32);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, EveryDTypeIsRead) {
  for (int value = 0; value <= static_cast<int>(DType::kU64); ++value) {
    const auto dtype = static_cast<DType>(value);
    const uint64_t bytes = BitsPerElement(dtype);  // 8 elements
    const std::string json = R"({"t":{"dtype":")" + std::string(DTypeName(dtype)) +
                             R"(","shape":[8],"data_offsets":[0,)" + std::to_string(bytes) + "]}}";
    EXPECT_EQ(ParseSafetensorsHeader(json, bytes).entries[0].dtype, dtype);
  }
}

TEST(SafetensorsHeader, NullMetadataIsNone) {
  const auto header = ParseSafetensorsHeader(
      R"({"__metadata__":null,"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  EXPECT_TRUE(header.metadata.empty());
  EXPECT_EQ(header.entries.size(), 1u);
  EXPECT_THAT(MessageOf(R"({"__metadata__":null,"__metadata__":{}})", 0), HasSubstr("twice"));
  EXPECT_THAT(MessageOf(R"({"t":null})", 0), HasSubstr("unexpected null"));
}

TEST(SafetensorsHeader, HostileHeadersAreRefusedWithTheReason) {
  const std::string two =
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":)";
  EXPECT_THAT(MessageOf(two + "[2,6]}}", 6), HasSubstr("'b': overlaps"));
  EXPECT_THAT(MessageOf(two + "[5,9]}}", 9), HasSubstr("'b': leaves a hole"));
  EXPECT_THAT(MessageOf(two + "[4,8]}}", 9), HasSubstr("cover 8 of 9"));
  EXPECT_THAT(MessageOf(two + "[4,8]}}", 7), HasSubstr("outside the data section"));
  EXPECT_THAT(MessageOf(two + "[8,4]}}", 8), HasSubstr("outside the data section"));
  EXPECT_THAT(MessageOf(two + "[4,7]}}", 7), HasSubstr("wants 4 bytes"));
  EXPECT_THAT(MessageOf(two + "[4,8,8]}}", 8), HasSubstr("at most 2 numbers"));
  EXPECT_THAT(MessageOf(two + "[4]}}", 8), HasSubstr("want 2 numbers"));
  EXPECT_THAT(MessageOf(two + "[-4,8]}}", 8), HasSubstr("negative number"));
  EXPECT_THAT(MessageOf(two + "[4.0,8]}}", 8), HasSubstr("fraction"));
  EXPECT_THAT(MessageOf(two + "4}}", 8), HasSubstr("unexpected a number"));
  EXPECT_THAT(
      MessageOf(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
      HasSubstr("no size"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}})", 2),
              HasSubstr("no size"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"Q9","shape":[],"data_offsets":[0,0]}})", 0),
              HasSubstr("unknown dtype 'Q9'"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                        R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                        0),
              HasSubstr("'a' occurs twice"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("'dtype' occurs twice"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"U8","shape":[0]}})", 0), HasSubstr("want dtype, shape"));
  EXPECT_THAT(MessageOf(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})", 0),
              HasSubstr("unknown key 'x'"));
  EXPECT_THAT(MessageOf(R"({"__metadata__":{"a":1}})", 0), HasSubstr("want strings"));
  EXPECT_THAT(MessageOf(R"({"__metadata__":{"a":"1","a":"2"}})", 0), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(MessageOf(R"({"__metadata__":[]})", 0), HasSubstr("__metadata__"));
  EXPECT_THAT(MessageOf(R"({"a":5})", 0), HasSubstr("unexpected a number"));
  EXPECT_THAT(MessageOf("[]", 0), HasSubstr("want an object"));
  EXPECT_THAT(MessageOf("{", 0), HasSubstr("not JSON"));
  EXPECT_THAT(MessageOf("{} x", 0), HasSubstr("not JSON"));
  EXPECT_THAT(MessageOf(std::string("{}\0", 3), 0), HasSubstr("zero byte at 2"));
  EXPECT_THAT(MessageOf("{\"\xff\":{}}", 0), HasSubstr("not JSON"));
}

TEST(SafetensorsHeader, SerializedHeaderParsesToTheSameEntriesAndAlignsData) {
  const std::vector<SafetensorsEntry> entries = {{"we\"ird\n", DType::kBF16, {2, 3}, 0, 12},
                                                 {"scalar", DType::kI64, {}, 12, 20}};
  const std::string bytes = SerializeSafetensorsHeader(entries, {{"format", "pt"}});
  EXPECT_EQ(bytes.size() % 64, 0u);
  const auto header = ParseSafetensorsHeader(std::string_view(bytes).substr(8), 20);
  ASSERT_EQ(header.entries.size(), 2u);
  EXPECT_EQ(header.entries[0].name, "we\"ird\n");
  EXPECT_EQ(header.entries[1].shape, Shape{});
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsFile, HeaderLengthIsCheckedBeforeItIsTrusted) {
  const test::TempDir dir;
  const auto open = [&](uint64_t length, std::string_view rest) -> std::string {
    const auto path = dir / "x.safetensors";
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), 8).write(rest.data(), rest.size());
    file.close();
    try {
      SafetensorsFile::Open(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(open(2, "{}"), "no error");
  EXPECT_THAT(open(3, "{}"), HasSubstr("past the end"));
  EXPECT_THAT(open(~uint64_t{0}, "{}"), HasSubstr("want at most"));
  EXPECT_THAT(open(2, "{}x"), HasSubstr("cover 0 of 1"));
  EXPECT_THAT(open(2, "{}x"), HasSubstr("x.safetensors"));
}

TEST(SafetensorsFile, OpensRealCheckpoints) {
  const auto path = test::SharedData("golden/qwen3_5/model.safetensors");
  HLWQ_REQUIRE_SHARED(path);
  const auto file = SafetensorsFile::Open(path);
  EXPECT_GT(file.header().entries.size(), 20u);
}

}  // namespace
}  // namespace hlwq::io
