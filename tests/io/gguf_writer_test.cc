#include "io/gguf_writer.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/shared_data.h"

namespace hlwq::io {
namespace {

GgufHeader Parse(const GgufPrefix& prefix) {
  return ParseGguf(std::as_bytes(std::span(prefix.bytes)), prefix.file_bytes);
}

GgufMetadata EveryValueType() {
  GgufMetadata metadata;
  const auto add = [&](std::string key, GgufValueType type, auto value) {
    EXPECT_TRUE(metadata.Add(std::move(key), {type, std::move(value)}));
  };
  add("u8", GgufValueType::kUint8, uint64_t{255});
  add("i8", GgufValueType::kInt8, int64_t{-128});
  add("u16", GgufValueType::kUint16, uint64_t{65535});
  add("i16", GgufValueType::kInt16, int64_t{-32768});
  add("u64", GgufValueType::kUint64, std::numeric_limits<uint64_t>::max());
  add("i64", GgufValueType::kInt64, std::numeric_limits<int64_t>::min());
  add("f64", GgufValueType::kFloat64, 0.1);
  add("bools", GgufValueType::kBool, std::vector<bool>{true, false});
  add("bytes", GgufValueType::kUint8, std::vector<uint64_t>{1, 2, 3});
  add("empty", GgufValueType::kFloat64, std::vector<double>{});
  metadata.Add("u32", GgufValue::Uint32(4000000000u));
  metadata.Add("f32", GgufValue::Float32(1e-5f));
  metadata.Add("flag", GgufValue::Bool(true));
  metadata.Add("text", GgufValue::String("Gr\u00fc\u00dfe"));
  metadata.Add("texts", GgufValue::Strings({"a", "", "c"}));
  metadata.Add("ints", GgufValue::Int32s({1, -2}));
  metadata.Add("floats", GgufValue::Float32s({1.5, -2.0}));
  return metadata;
}

std::vector<GgufTensor> OddSizes() {
  return {{.name = "a", .shape = {3}, .type = 0},
          {.name = "b.weight", .shape = {5, 64}, .type = 8},
          {.name = "c", .shape = {2, 3, 32}, .type = 2},
          {.name = "d", .shape = {7, 1}, .type = 30}};
}

void ExpectParsesToItself(const GgufMetadata& metadata, std::vector<GgufTensor> tensors) {
  const GgufPrefix prefix = SerializeGguf(metadata, std::move(tensors));
  const GgufHeader header = Parse(prefix);
  EXPECT_EQ(header.version, 3u);
  EXPECT_EQ(header.data_offset, prefix.data_offset);
  EXPECT_EQ(header.metadata.values(), metadata.values());
  ASSERT_EQ(header.tensors.size(), prefix.tensors.size());
  for (size_t index = 0; index < header.tensors.size(); ++index) {
    const GgufTensor& got = header.tensors[index];
    const GgufTensor& want = prefix.tensors[index];
    EXPECT_EQ(got.name, want.name);
    EXPECT_EQ(got.shape, want.shape) << got.name;
    EXPECT_EQ(got.type, want.type) << got.name;
    EXPECT_EQ(got.offset, want.offset) << got.name;
    EXPECT_EQ(got.bytes, want.bytes) << got.name;
  }
}

TEST(GgufWriter, ParsingGivesBackWhatWasWritten) {
  ExpectParsesToItself(EveryValueType(), OddSizes());
  ExpectParsesToItself({}, {});
}

TEST(GgufWriter, TensorsAreAlignedAndDense) {
  for (const uint32_t alignment : {32u, 64u, 4096u}) {
    GgufMetadata metadata;
    if (alignment != 32) metadata.Add("general.alignment", GgufValue::Uint32(alignment));
    const GgufPrefix prefix = SerializeGguf(metadata, OddSizes());
    EXPECT_EQ(prefix.bytes.size(), prefix.data_offset);
    uint64_t end = prefix.data_offset;
    for (const GgufTensor& tensor : prefix.tensors) {
      EXPECT_EQ(tensor.offset % alignment, 0u) << tensor.name;
      EXPECT_LT(tensor.offset - end, alignment) << tensor.name;
      end = tensor.offset + tensor.bytes;
    }
    EXPECT_EQ(prefix.file_bytes % alignment, 0u);
    EXPECT_LT(prefix.file_bytes - end, alignment);
  }
}

// Files of the gguf package: what is read from them and written again means the same.
TEST(GgufWriter, GoldenFilesSurvive) {
  for (const char* name : {"llama-bpe", "llama-spm", "qwen2", "qwen3"}) {
    SCOPED_TRACE(name);
    const std::string file =
        ReadSmallFile(test::Golden("good/gguf") / name / "model.gguf", 64 << 20);
    const GgufHeader header = ParseGguf(std::as_bytes(std::span(file)), file.size());
    ASSERT_GT(header.tensors.size(), 10u);
    ExpectParsesToItself(header.metadata, header.tensors);
  }
}

void ExpectRefused(const GgufMetadata& metadata, std::vector<GgufTensor> tensors,
                   std::string_view word) {
  test::ExpectError(ErrorCode::kInvalidArgument, word,
                    [&] { SerializeGguf(metadata, std::move(tensors)); });
}

TEST(GgufWriter, RefusesWhatNoReaderTakes) {
  ExpectRefused({}, {{.name = "w", .shape = {32}}, {.name = "w", .shape = {32}}}, "twice");
  ExpectRefused({}, {{.name = "w", .shape = {4, 33}, .type = 8}}, "'w': [4, 33]");
  ExpectRefused({}, {{.name = "w", .shape = {4, 0}}}, "'w'");
  ExpectRefused({}, {{.name = "w", .shape = {}}}, "'w'");
  ExpectRefused({}, {{.name = "w", .shape = {1, 1, 1, 1, 1}}}, "'w'");
  ExpectRefused({}, {{.name = "w", .shape = {32}, .type = 99}}, "'w'");
  ExpectRefused({}, {{.name = "w", .shape = {uint64_t{1} << 61}}}, "'w'");
  ExpectRefused({}, {{.name = std::string(70000, 'x'), .shape = {32}}}, "65535");
  const auto refuse_value = [](GgufValueType type, auto value, std::string_view word) {
    GgufMetadata metadata;
    metadata.Add("key", {type, std::move(value)});
    ExpectRefused(metadata, {}, word);
  };
  refuse_value(GgufValueType::kUint8, uint64_t{256}, "'key': 256 does not fit");
  refuse_value(GgufValueType::kInt8, std::vector<int64_t>{1, -129}, "-129 does not fit");
  refuse_value(GgufValueType::kInt32, uint64_t{1}, "'key'");
  refuse_value(GgufValueType::kString, true, "'key'");
  refuse_value(GgufValueType::kString, std::string("\xFF"), "'key': not UTF-8");
}

}  // namespace
}  // namespace hlwq::io
