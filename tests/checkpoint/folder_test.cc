// A checkpoint whose folder is not on this machine.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "base/error.h"
#include "base/folder.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::checkpoint {
namespace {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(const std::string& text) : text_(text) {}
  uint64_t SizeBytes() const noexcept override { return text_.size(); }
  const std::string& version() const noexcept override { return version_; }
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    std::memcpy(out.data(), text_.data() + offset, out.size());
  }
  void PrefetchHint(uint64_t, uint64_t) const noexcept override {}

 private:
  std::string text_, version_;
};

// What a folder of this machine holds, read as if it were elsewhere.
class CopiedFolder final : public Folder {
 public:
  explicit CopiedFolder(const std::filesystem::path& original) {
    for (auto& [name, content] : test::FolderContent(original)) files_.emplace(name, content);
  }
  const std::filesystem::path& path() const noexcept override { return path_; }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) {
      if (name.find('/') == name.npos) names.push_back(name);
    }
    return names;
  }
  std::vector<std::string> NamesBelow() const override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) {
      if (name.find('/') != name.npos && IsListedBelow(name)) names.push_back(name);
    }
    return names;
  }
  File Open(const std::string& name) const override {
    const auto found = files_.find(name);
    if (found == files_.end()) throw Error(ErrorCode::kNotFound, name + ": absent");
    return File::OfSource(path_ / name, std::make_shared<TextSource>(found->second));
  }
  std::optional<std::filesystem::path> LocalPath(const std::string&) const override { return {}; }

 private:
  std::filesystem::path path_ = "far:a/model";
  std::map<std::string, std::string> files_;
};

TEST(Folder, ACheckpointElsewhereIsThatOfTheSameFilesHere) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "model");
  WriteFileAtomically(dir / "model/tokenizer.json", "{}");
  std::filesystem::create_directory(dir / "model/1_Pooling");
  WriteFileAtomically(dir / "model/1_Pooling/config.json", "{}");
  const Checkpoint here = OpenCheckpoint(dir / "model");
  const Checkpoint there = OpenCheckpoint(std::make_shared<const CopiedFolder>(dir / "model"));
  EXPECT_FALSE(here.is_remote());
  EXPECT_TRUE(there.is_remote());
  EXPECT_EQ(there.root, "far:a/model");
  EXPECT_EQ(there.files.at(0).path(), "far:a/model/model.safetensors");
  EXPECT_EQ(there.header_hashes, here.header_hashes);
  EXPECT_EQ(there.config, here.config);
  ASSERT_EQ(there.tensors.size(), here.tensors.size());
  for (size_t index = 0; index < here.tensors.size(); ++index) {
    EXPECT_EQ(there.tensors[index].name, here.tensors[index].name);
  }
  ASSERT_EQ(there.side_files.size(), here.side_files.size());
  EXPECT_EQ(ReadSideFile(there, "tokenizer.json"), "{}");
}

TEST(Folder, WhatIsMissingElsewhereIsNotFound) {
  const test::TempDir dir;
  WriteFileAtomically(dir / "config.json", "{}");
  try {
    (void)OpenCheckpoint(std::make_shared<const CopiedFolder>(dir.path()));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace hlwq::checkpoint
