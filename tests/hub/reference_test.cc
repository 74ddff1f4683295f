#include "hub/reference.h"

#include <gtest/gtest.h>

#include "tests/hub/expect_error.h"

namespace hlwq::hub {
namespace {

TEST(Reference, NamesRepositoryRevisionAndFile) {
  EXPECT_TRUE(IsReference("hf:a/b"));
  EXPECT_FALSE(IsReference("a/b"));
  const Reference plain = ParseReference("Qwen/Qwen3-1.7B");
  EXPECT_EQ(plain.repository, "Qwen/Qwen3-1.7B");
  EXPECT_EQ(plain.revision, "main");
  EXPECT_EQ(plain.file, "");
  EXPECT_EQ(plain.Place(), "hf:Qwen/Qwen3-1.7B");
  const Reference full = ParseReference("hf:a/b/sub/model.gguf@refs/pr/1");
  EXPECT_EQ(full.repository, "a/b");
  EXPECT_EQ(full.file, "sub/model.gguf");
  EXPECT_EQ(full.revision, "refs/pr/1");
}

TEST(Reference, WhatTheHubWouldNotHaveIsRefused) {
  for (const char* text : {"hf:", "hf:a", "hf:a/", "hf:/b", "hf:../b", "hf:a/..", "hf:a/b/",
                           "hf:a/b/../c", "hf:a/b@", "hf:a/b@../x", "hf:a b/c", "hf:a--b/c",
                           "hf:a/b@x y", "hf:a/b//c", "hf:a/.b", "hf:a/b\\c", "hf:a/b@/x"}) {
    const std::string line =
        test::LineOf(ErrorCode::kInvalidArgument, [&] { ParseReference(text); });
    EXPECT_NE(line.find("want"), std::string::npos) << text;
  }
}

TEST(Reference, SafePathsStayInTheirFolder) {
  for (const char* path : {"a", "a/b.c", "..a", "a..", ".gitattributes", "a b", "\xc3\xa4"}) {
    EXPECT_TRUE(IsSafePath(path)) << path;
  }
  for (const char* path :
       {"", "/a", "a/", "..", "a/../b", ".", "./a", "a//b", "a\nb", "a\\b", "\xff", "a\x7f"}) {
    EXPECT_FALSE(IsSafePath(path)) << path;
  }
  EXPECT_FALSE(IsSafePath(std::string("a\0b", 3)));
  EXPECT_FALSE(IsSafePath(std::string(300, 'a')));
}

}  // namespace
}  // namespace hlwq::hub
