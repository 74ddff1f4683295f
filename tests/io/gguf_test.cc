#include "io/gguf.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::io {
namespace {

using test::GgufBuilder;
using testing::HasSubstr;

constexpr uint64_t kHuge = 0x8000000000000000;

GgufHeader Parse(const std::string& file) {
  return ParseGguf(std::as_bytes(std::span(file)), file.size());
}

void ExpectRefused(const std::string& file, std::string_view word,
                   ErrorCode code = ErrorCode::kInvalidData) {
  test::ExpectError(code, word, [&] { Parse(file); });
}

TEST(Gguf, ReadsEveryValueType) {
  const GgufHeader header = Parse(GgufBuilder()
                                      .Pair("u8", test::kU8, GgufBuilder::Bytes<uint8_t>(200))
                                      .Pair("i8", test::kI8, GgufBuilder::Bytes<int8_t>(-7))
                                      .Pair("u16", test::kU16, GgufBuilder::Bytes<uint16_t>(65535))
                                      .Pair("i16", test::kI16, GgufBuilder::Bytes<int16_t>(9))
                                      .Uint("u32", 4000000000u)
                                      .Pair("i32", test::kI32, GgufBuilder::Bytes<int32_t>(-5))
                                      .Pair("u64", test::kU64, GgufBuilder::Bytes(kHuge))
                                      .Pair("i64", test::kI64, GgufBuilder::Bytes<int64_t>(3))
                                      .Float("f32", 0.5f)
                                      .Pair("f64", test::kF64, GgufBuilder::Bytes(0.1))
                                      .Bool("bool", true)
                                      .String("text", "Grüße")
                                      .Strings("texts", {"a", "", "c"})
                                      .Numbers<int32_t>("ints", test::kI32, {1, -2})
                                      .Numbers<uint8_t>("bools", test::kBool, {1, 0})
                                      .Numbers<float>("floats", test::kF32, {1.5f, -2.0f})
                                      .File());
  const GgufMetadata& metadata = header.metadata;
  EXPECT_EQ(metadata.size(), 16u);
  EXPECT_EQ(metadata.Uint("u8"), 200u);
  EXPECT_EQ(metadata.Number("i8"), -7.0);
  EXPECT_EQ(metadata.Uint("u16"), 65535u);
  EXPECT_EQ(metadata.Uint("i16"), 9u);
  EXPECT_EQ(metadata.Uint("u32"), 4000000000u);
  EXPECT_EQ(metadata.Number("i32"), -5.0);
  EXPECT_EQ(metadata.Uint("u64"), kHuge);
  EXPECT_EQ(metadata.Uint("i64"), 3u);
  EXPECT_EQ(metadata.Number("f32"), 0.5);
  EXPECT_EQ(metadata.Number("f64"), 0.1);
  EXPECT_EQ(metadata.Bool("bool"), true);
  EXPECT_EQ(*metadata.String("text"), "Grüße");
  EXPECT_EQ(*metadata.Strings("texts"), (std::vector<std::string>{"a", "", "c"}));
  EXPECT_EQ(metadata.Integers("ints"), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(std::get<std::vector<bool>>(metadata.Find("bools")->data),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(metadata.Numbers("floats"), (std::vector<double>{1.5, -2.0}));
  EXPECT_FALSE(metadata.Uint("absent"));
  EXPECT_EQ(metadata.String("absent"), nullptr);
}

TEST(Gguf, WrongTypesNameTheKey) {
  const GgufMetadata metadata =
      Parse(GgufBuilder().String("s", "x").Pair("n", test::kI32, GgufBuilder::Bytes(-1)).File())
          .metadata;
  const auto message = [](auto call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidData);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message([&] { metadata.Uint("s"); }), "metadata 's': want an integer, got string");
  EXPECT_EQ(message([&] { metadata.Uint("n"); }), "metadata 'n': want a number >= 0, got -1");
  EXPECT_EQ(message([&] { metadata.Strings("n"); }),
            "metadata 'n': want array of string, got int32");
}

TEST(Gguf, PlacesTensorsAndReversesShapes) {
  for (const uint32_t version : {2u, 3u}) {
    GgufBuilder builder;
    builder.version = version;
    builder.Tensor("a", {3, 2}, 0, std::string(24, 'a'))
        .Tensor("b", {64, 5}, 8, std::string(340, 'b'));
    const std::string file = builder.File();
    const GgufHeader header = Parse(file);
    EXPECT_EQ(header.version, version);
    ASSERT_EQ(header.tensors.size(), 2u);
    EXPECT_EQ(header.tensors[0].shape, (Shape{2, 3}));
    EXPECT_EQ(header.tensors[1].shape, (Shape{5, 64}));
    EXPECT_EQ(header.tensors[1].bytes, 340u);
    EXPECT_EQ(file.substr(header.tensors[1].offset, 340), std::string(340, 'b'));
    EXPECT_EQ(header.Find("b"), &header.tensors[1]);
    EXPECT_EQ(header.Find("c"), nullptr);
  }
}

TEST(Gguf, AlignmentComesFromTheMetadata) {
  GgufBuilder builder;
  builder.alignment = 64;
  builder.Uint("general.alignment", 64).Tensor("a", {4}, 0, std::string(16, 'a'));
  const GgufHeader header = Parse(builder.File());
  EXPECT_EQ(header.alignment, 64u);
  EXPECT_EQ(header.data_offset % 64, 0u);
  for (const uint32_t bad : {0u, 48u, 1u << 21}) {
    ExpectRefused(GgufBuilder().Uint("general.alignment", bad).File(), "general.alignment");
  }
  ExpectRefused(GgufBuilder().String("general.alignment", "32").File(), "general.alignment");
}

// Cutting a good file anywhere before its end is an error, and nothing else.
TEST(Gguf, EveryPrefixIsRefused) {
  const std::string file = GgufBuilder()
                               .Uint("a", 1)
                               .Strings("b", {"x", "yz"})
                               .Numbers<float>("c", test::kF32, {1, 2})
                               .Tensor("t", {32, 2}, 2, std::string(36, 't'))
                               .File();
  ASSERT_NO_THROW(Parse(file));
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_THROW(Parse(file.substr(0, length)), Error) << length;
  }
}

// A prefix of a longer file asks for more, whatever it cuts through.
TEST(Gguf, ShortPrefixOfALongFileNeedsMore) {
  const GgufBuilder builder = std::move(GgufBuilder()
                                            .Uint("a", 1)
                                            .Strings("b", {"x", "yz"})
                                            .Tensor("t", {32, 2}, 2, std::string(36, 't')));
  const std::string file = builder.File();
  const size_t header_bytes = builder.Header().size();
  for (size_t length = 0; length <= file.size(); ++length) {
    const auto header = TryParseGguf(std::as_bytes(std::span(file)).first(length), file.size());
    EXPECT_EQ(header.has_value(), length >= header_bytes) << length;
  }
}

TEST(Gguf, RefusesOtherFilesAndVersions) {
  ExpectRefused("PK\3\4 something else that is long enough", "GGUF");
  GgufBuilder builder;
  for (const uint32_t version : {0u, 1u, 4u, 0xFFFFu}) {
    builder.version = version;
    ExpectRefused(builder.File(), "version", ErrorCode::kUnsupported);
  }
  builder.version = 0x03000000;
  ExpectRefused(builder.File(), "big-endian", ErrorCode::kUnsupported);
}

TEST(Gguf, RefusesCountsTheFileCannotHold) {
  GgufBuilder tensors;
  tensors.tensor_count_error = int64_t{1} << 60;
  ExpectRefused(tensors.File(), "tensor count");
  GgufBuilder pairs;
  pairs.pair_count_error = -1;
  ExpectRefused(pairs.File(), "metadata count");
  for (const uint32_t type : {test::kU8, test::kString, test::kF64}) {
    for (const uint64_t count : {uint64_t{1} << 61, ~uint64_t{0}, uint64_t{100000}}) {
      ExpectRefused(GgufBuilder()
                        .Pair("k", test::kArray,
                              GgufBuilder::Bytes<uint32_t>(type) + GgufBuilder::Bytes(count))
                        .File(),
                    "metadata 'k'");
    }
  }
  ExpectRefused(GgufBuilder().Pair("k", test::kString, GgufBuilder::Bytes(~uint64_t{0})).File(),
                "metadata 'k'");
  ExpectRefused(GgufBuilder().Uint(std::string(70000, 'k'), 1).File(), "metadata key");
}

TEST(Gguf, RefusesBadMetadata) {
  ExpectRefused(GgufBuilder().Uint("k", 1).Uint("k", 1).File(), "'k' occurs twice");
  ExpectRefused(GgufBuilder().Pair("k", 13, "12345678").File(), "unknown value type 13");
  ExpectRefused(GgufBuilder().Pair("k", test::kBool, "\2").File(), "bool of value 2");
  ExpectRefused(GgufBuilder().String("k", "\xC3(").File(), "not UTF-8");
  ExpectRefused(GgufBuilder().Uint("\xFF", 1).File(), "metadata key: not UTF-8");
  ExpectRefused(
      GgufBuilder()
          .Pair("k", test::kArray,
                GgufBuilder::Bytes<uint32_t>(test::kArray) + GgufBuilder::Bytes(uint64_t{0}))
          .File(),
      "array of arrays", ErrorCode::kUnsupported);
}

TEST(Gguf, RefusesBadTensors) {
  const auto info = [](const std::vector<uint64_t>& axes, uint32_t type, uint64_t offset) {
    return GgufBuilder().TensorInfo("t", axes, type, offset).Data(std::string(64, '.')).File();
  };
  ASSERT_NO_THROW(Parse(info({16}, 0, 0)));
  ExpectRefused(info({}, 0, 0), "axes");
  ExpectRefused(info({1, 1, 1, 1, 1}, 0, 0), "axes");
  ExpectRefused(info({16, 0}, 0, 0), "no size");
  ExpectRefused(info({1ull << 32, 1ull << 32}, 0, 0), "no size");
  ExpectRefused(info({1ull << 62}, 0, 0), "too large");
  ExpectRefused(info({16}, 2, 0), "whole Q4_0 blocks");
  ExpectRefused(info({16}, 31, 0), "unknown tensor type 31", ErrorCode::kUnsupported);
  ExpectRefused(info({17}, 0, 0), "do not fit");
  ExpectRefused(info({16}, 0, 32), "do not fit");
  ExpectRefused(info({16}, 0, ~uint64_t{31}), "do not fit");
  ExpectRefused(info({1}, 0, 4), "not a multiple of 32");
}

TEST(Gguf, RefusesOverlapsAndDuplicates) {
  const auto two = [](std::string_view second, uint64_t offset) {
    return GgufBuilder()
        .TensorInfo("a", {9}, 0, 0)
        .TensorInfo(second, {8}, 0, offset)
        .Data(std::string(128, '.'))
        .File();
  };
  ASSERT_NO_THROW(Parse(two("b", 64)));
  ExpectRefused(two("b", 32), "'b' overlaps 'a'");
  ExpectRefused(two("b", 0), "overlaps");
  ExpectRefused(two("a", 64), "'a': the name occurs twice");
}

TEST(Gguf, GoldenBadFilesAreRefused) {
  size_t count = 0;
  for (const auto& item : std::filesystem::directory_iterator(test::Golden("bad/gguf"))) {
    if (item.path().extension() != ".gguf") continue;
    EXPECT_THROW(GgufFile::Open(item.path()), Error) << item.path();
    ++count;
  }
  EXPECT_GE(count, 10u);
}

// More metadata than the first read takes.
TEST(GgufFile, ReadsHeadersOfAnyLength) {
  std::vector<std::string> texts(200000, "sixteen bytes...");
  GgufBuilder builder;
  builder.Strings("texts", texts).Tensor("t", {4}, 0, "0123456789abcdef");
  const test::TempDir folder;
  const std::filesystem::path path = folder / "long.gguf";
  const std::string file = builder.File();
  std::ofstream(path, std::ios::binary) << file;

  GgufFile gguf = GgufFile::Open(path);
  EXPECT_EQ(gguf.header().metadata.Strings("texts")->size(), texts.size());
  const GgufTensor& tensor = gguf.header().tensors[0];
  std::string data(tensor.bytes, '\0');
  gguf.file().ReadAt(tensor.offset, std::as_writable_bytes(std::span(data)));
  EXPECT_EQ(data, "0123456789abcdef");
  EXPECT_EQ(gguf.header_hash(),
            Xxh3(std::as_bytes(std::span(file)).first(gguf.header().data_offset)));
}

TEST(GgufFile, ErrorsNameThePathOnce) {
  const test::TempDir folder;
  const std::filesystem::path path = folder / "bad.gguf";
  std::ofstream(path, std::ios::binary) << "not a gguf file at all";
  try {
    GgufFile::Open(path);
    FAIL();
  } catch (const Error& error) {
    const std::string line = error.what();
    EXPECT_EQ(line.find(path.string()), 0u);
    EXPECT_EQ(line.rfind(path.string()), 0u);
  }
}

}  // namespace
}  // namespace hlwq::io
