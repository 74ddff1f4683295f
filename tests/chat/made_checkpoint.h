// A checkpoint of side files alone, and what is expected of errors about them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"

namespace hlwq::chat {

// The tokenizer of a tiny model: "llama-spm" writes blanks as Llama 2 does, "llama-bpe" bytes as
// GPT-2.
inline std::string GoldenTokenizerJson(const std::string& name = "llama-bpe") {
  return ReadSmallFile(test::Golden("good/gguf/" + name + "/tokenizer.json"), 1 << 20);
}

inline checkpoint::Checkpoint WithFiles(std::vector<checkpoint::SideFile> files) {
  checkpoint::Checkpoint checkpoint;
  checkpoint.root = "model";
  checkpoint.side_files = std::move(files);
  return checkpoint;
}

}  // namespace hlwq::chat
