#include "checkpoint/gguf/split.h"

#include <fmt/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;
using test::GgufBuilder;

TEST(GgufSplit, NamesHaveFiveDigits) {
  const auto split = ParseGgufSplit("dir/model-Q4-00002-of-00003.gguf");
  ASSERT_TRUE(split);
  EXPECT_EQ(split->set, "dir/model-Q4");
  EXPECT_EQ(split->number, 2u);
  EXPECT_EQ(split->count, 3u);
  EXPECT_EQ(split->Part(1), "dir/model-Q4-00001-of-00003.gguf");
  for (const char* other :
       {"model.gguf", "model-00004-of-00003.gguf", "model-00000-of-00003.gguf", "model-2-of-3.gguf",
        "model-0000x-of-00003.gguf", "model-00001-of-00003.bin", "-00001-of-00003.gguf"}) {
    EXPECT_FALSE(ParseGgufSplit(other)) << other;
  }
}

class SplitFiles : public testing::Test {
 protected:
  test::TempDir dir_;

  fs::path Path(int part) const { return dir_.path() / fmt::format("m-{:05}-of-00002.gguf", part); }
  void Write(int part, const std::string& tensor, uint16_t number, uint16_t count = 2) const {
    GgufBuilder builder;
    builder.Pair("split.no", test::kU16, GgufBuilder::Bytes(number))
        .Pair("split.count", test::kU16, GgufBuilder::Bytes(count))
        .Tensor(tensor, {1}, 0, GgufBuilder::Bytes(static_cast<float>(part)));
    WriteFileAtomically(Path(part), builder.File());
  }
  std::string Message() const {
    try {
      OpenGgufFiles(File::OpenForRead(Path(1)), nullptr);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(SplitFiles, AnyPartOpensAllOfThem) {
  Write(1, "a", 0);
  Write(2, "b", 1);
  for (const int part : {1, 2}) {
    const GgufFiles all = OpenGgufFiles(File::OpenForRead(Path(part)), nullptr);
    ASSERT_EQ(all.files.size(), 2u);
    EXPECT_EQ(all.header_hashes.size(), 2u);
    ASSERT_EQ(all.header.tensors.size(), 2u);
    for (const io::GgufTensor& tensor : all.header.tensors) {
      float value = 0;
      all.files[tensor.file].ReadAt(tensor.offset, std::as_writable_bytes(std::span(&value, 1)));
      EXPECT_EQ(value, tensor.name == "a" ? 1 : 2);
    }
  }
}

TEST_F(SplitFiles, PartsThatDoNotBelongTogetherAreRefused) {
  Write(1, "a", 0);
  EXPECT_THAT(Message(), testing::HasSubstr("m-00002-of-00002.gguf"));  // is missing
  Write(2, "a", 1);
  EXPECT_THAT(Message(), testing::HasSubstr("tensor 'a' is in an earlier part as well"));
  Write(2, "b", 0);
  EXPECT_THAT(Message(),
              testing::HasSubstr("want part 2 of 2 in its metadata as in its name, got 1 of 2"));
  Write(2, "b", 1, 3);
  EXPECT_THAT(Message(), testing::HasSubstr("got 2 of 3"));
}

TEST(OpenCheckpoint, KnowsAModelByWhatItsFileBeginsWith) {
  const test::TempDir dir;
  fs::copy_file(test::Golden("good/gguf/llama-bpe/model.gguf"), dir / "blob");
  EXPECT_EQ(OpenCheckpoint(dir / "blob").format, Format::kGguf);
  fs::copy_file(test::Golden("good/models/llama-linear/model.safetensors"), dir / "other");
  EXPECT_EQ(OpenCheckpoint(dir / "other").format, Format::kSafetensors);
  for (const char* text : {"", "GGU", "{\"a\": 1, \"b\": 2}"}) {
    WriteFileAtomically(dir / "text", text);
    EXPECT_THROW(OpenCheckpoint(dir / "text"), Error) << text;
  }
}

TEST(OpenCheckpoint, AProjectorOfImagesBesideAModelIsNoSecondModel) {
  const test::TempDir dir;
  fs::copy_file(test::Golden("good/gguf/llama-bpe/model.gguf"), dir / "model.gguf");
  WriteFileAtomically(dir / "mmproj-model.gguf", "x");
  EXPECT_EQ(OpenCheckpoint(dir.path()).root, dir / "model.gguf");
}

}  // namespace
}  // namespace hlwq::checkpoint
