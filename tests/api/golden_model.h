// The model that the tests of the public API work with: 4 layers of 256, tokenizer and template.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hlwq/hlwq.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"

namespace hlwq {

inline std::filesystem::path GoldenModel() {
  return test::Golden("good/gguf/llama-bpe/model.gguf");
}

}  // namespace hlwq
