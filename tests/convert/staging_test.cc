#include "convert/staging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StagingTest : public ::testing::Test {
 protected:
  StagingTest() {
    test::WriteSmallLlama(dir_ / "src");
    source_ = checkpoint::OpenCheckpoint(dir_ / "src");
  }

  std::string Refusal(const fs::path& destination, DestinationOptions options = {}) {
    try {
      Staging staging(destination, source_, options);
      staging.RequireFreeDestination();
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  test::TempDir dir_;
  checkpoint::Checkpoint source_;
};

TEST_F(StagingTest, FreshAndEmptyDestinationsAreAccepted) {
  EXPECT_EQ(Refusal(dir_ / "new"), "accepted");
  EXPECT_EQ(Refusal((dir_ / "new").string() + "/"), "accepted");
  fs::create_directory(dir_ / "empty");
  EXPECT_EQ(Refusal(dir_ / "empty"), "accepted");
}

TEST_F(StagingTest, TheSourceIsNeverOverwritten) {
  const DestinationOptions overwrite{.overwrite = true};
  EXPECT_THAT(Refusal(dir_ / "src", overwrite), HasSubstr("holds the source"));
  EXPECT_THAT(Refusal((dir_ / "src").string() + "/../src/", overwrite),
              HasSubstr("holds the source"));
  EXPECT_THAT(Refusal(dir_.path(), overwrite), HasSubstr("holds the source"));
  fs::create_directory_symlink(dir_ / "src", dir_ / "link");
  EXPECT_THAT(Refusal(dir_ / "link", overwrite), HasSubstr("holds the source"));
}

TEST_F(StagingTest, ShardsBehindSymbolicLinksAreTheSourceToo) {
  fs::create_directory(dir_ / "blobs");
  fs::rename(dir_ / "src" / "model.safetensors", dir_ / "blobs" / "b");
  fs::create_symlink("../blobs/b", dir_ / "src" / "model.safetensors");
  source_ = checkpoint::OpenCheckpoint(dir_ / "src");
  EXPECT_THAT(Refusal(dir_ / "blobs", {.overwrite = true}), HasSubstr("holds the source"));
}

TEST_F(StagingTest, ForeignFoldersAreNotReplaced) {
  fs::create_directory(dir_ / "photos");
  WriteFileAtomically(dir_ / "photos" / "cat.jpg", "x");
  EXPECT_THAT(Refusal(dir_ / "photos"), HasSubstr("exists"));
  EXPECT_THAT(Refusal(dir_ / "photos", {.overwrite = true}), HasSubstr("did not write"));
  EXPECT_THAT(Refusal(dir_ / "photos" / "cat.jpg", {.overwrite = true}), HasSubstr("got a file"));
  EXPECT_THAT(Refusal(dir_ / "absent" / "dst"), HasSubstr("no such folder"));
}

TEST_F(StagingTest, AnUnfinishedFolderNeedsAWord) {
  fs::create_directory(dir_ / "dst.partial");
  EXPECT_THAT(Refusal(dir_ / "dst"), HasSubstr("--resume"));
  EXPECT_EQ(Refusal(dir_ / "dst", {.resume = true}), "accepted");
  EXPECT_EQ(Refusal(dir_ / "dst", {.overwrite = true}), "accepted");
}

TEST_F(StagingTest, WhatOthersLeftUnderThatNameIsNotTouched) {
  fs::create_directory(dir_ / "dst.partial");
  WriteFileAtomically(dir_ / "dst.partial" / "thesis.tex", "x");
  for (const DestinationOptions options :
       {DestinationOptions{}, {.resume = true}, {.overwrite = true}}) {
    EXPECT_THAT(Refusal(dir_ / "dst", options), HasSubstr("not left by hlwq"));
  }
  WriteFileAtomically(dir_ / "dst.partial" / "journal.jsonl", "");
  EXPECT_EQ(Refusal(dir_ / "dst", {.overwrite = true}), "accepted");
}

TEST_F(StagingTest, AFolderInUseIsNotDiscarded) {
  fs::create_directory(dir_ / "dst.partial");
  const File journal = File::OpenForWrite(dir_ / "dst.partial" / "journal.jsonl");
  ASSERT_TRUE(journal.TryLock());
  Staging staging(dir_ / "dst", source_, {.overwrite = true});
  EXPECT_THROW(staging.Create(), Error);
  EXPECT_TRUE(fs::exists(journal.path()));
}

}  // namespace
}  // namespace hlwq::convert
