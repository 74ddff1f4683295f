#include "checkpoint/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace hlwq::checkpoint {
namespace {

using ::testing::HasSubstr;

Manifest SomeManifest() {
  Manifest manifest;
  manifest.tool_version = "1.2.3";
  manifest.operation = "quantize";
  manifest.plan_xxh3 = 42;
  manifest.sources = {{"a.safetensors", 100, 7}};
  manifest.files["model.safetensors"] = {1000, true, 0xFEDCBA9876543210};
  manifest.files["config.json"] = {10, false, 9};
  // A tensor may be called as the key of the checksum is.
  manifest.tensors = {{"manifest_xxh3", 11}, {"w__packed", 12}};
  TensorReport report;
  report.name = "w";
  report.shape = {4, 128};
  report.is_quantized = true;
  report.codec = "hlwq";
  report.bits = 5;
  report.bits_per_weight = 5.125;
  report.errors.emplace();
  report.errors->count = 512;
  report.errors->noise = 1e-5;
  report.errors->signal = 9007199254740993.0 / 3;
  manifest.reports.push_back(report);
  return manifest;
}

std::string ErrorOf(std::string_view text, ErrorCode code = ErrorCode::kInvalidData) {
  try {
    ParseManifest(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(Manifest, WhatIsWrittenIsReadBackExactly) {
  const std::string text = SerializeManifest(SomeManifest());
  const Manifest manifest = ParseManifest(text);
  EXPECT_EQ(manifest.plan_xxh3, 42u);
  EXPECT_EQ(manifest.sources.at(0).bytes, 100u);
  EXPECT_TRUE(manifest.files.at("model.safetensors").is_shard);
  EXPECT_EQ(manifest.files.at("model.safetensors").xxh3, 0xFEDCBA9876543210u);
  EXPECT_EQ(manifest.tensors.at("manifest_xxh3"), 11u);
  EXPECT_EQ(SerializeManifest(manifest), text);
}

TEST(Manifest, EveryFlippedBitIsNoticed) {
  std::string text = SerializeManifest(SomeManifest());
  for (size_t position = 0; position < text.size(); ++position) {
    for (int bit = 0; bit < 8; ++bit) {
      text[position] ^= static_cast<char>(1 << bit);
      EXPECT_THROW(ParseManifest(text), Error) << position << ": " << text.substr(position, 20);
      text[position] ^= static_cast<char>(1 << bit);
    }
  }
  EXPECT_EQ(ErrorOf(text), "accepted");
}

TEST(Manifest, WhiteSpaceIsPartOfWhatWasWritten) {
  EXPECT_THAT(ErrorOf(SerializeManifest(SomeManifest()) + "\n"),
              HasSubstr("checksum of the manifest"));
}

TEST(Manifest, WithoutAChecksumItIsRefused) {
  std::string text = SerializeManifest(SomeManifest());
  text.replace(text.find("manifest_xxh3"), 13, "manifest_xxh4");
  text.replace(text.rfind("manifest_xxh3"), 13, "manifest_xxh4");
  EXPECT_THAT(ErrorOf(text), HasSubstr("got none"));
}

TEST(Manifest, NamesStayInTheFolderAndSizesAreNumbers) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text = SerializeManifest(SomeManifest());
    text.replace(text.find(from), from.size(), to);
    EXPECT_TRUE(SealManifestText(text));
    return text;
  };
  EXPECT_THAT(ErrorOf(with("\"config.json\"", "\"../config.json\"")),
              HasSubstr("'../config.json'"));
  for (const char* name : {"/etc/passwd", "../x", "a/../x", "a/b/x", "a/", "/x", "a/.."}) {
    EXPECT_THAT(ErrorOf(with("\"config.json\"", "\"" + std::string(name) + "\"")),
                HasSubstr("same folder"))
        << name;
  }
  EXPECT_THAT(ErrorOf(with("\"bytes\": 10,", "\"bytes\": -1,")), HasSubstr("bytes: want a number"));
  EXPECT_THAT(
      ErrorOf(with("\"format_version\": 1", "\"format_version\": 2"), ErrorCode::kUnsupported),
      HasSubstr("want 1, got 2"));
}

TEST(Manifest, ErrorsNameTheFile) {
  const test::TempDir dir;
  EXPECT_FALSE(ReadManifest(dir.path()));
  WriteFileAtomically(dir / kManifestFileName, "{");
  try {
    ReadManifest(dir.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(kManifestFileName));
  }
}

}  // namespace
}  // namespace hlwq::checkpoint
