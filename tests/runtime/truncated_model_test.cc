// A model whose file is cut shorter while it is in use: the request ends, the process goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "runtime/generate.h"
#include "tests/support/absorb_faults.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

std::vector<TokenId> Answer(Engine& engine) {
  SequenceState state = engine.MakeState({.format = DType::kF32, .capacity = 32});
  std::vector<TokenId> likeliest;
  engine.Feed(state, std::vector<TokenId>{3, 1, 4, 1, 5}, model::LogitsOf::kAll,
              [&](size_t, std::span<const float> logits) {
                likeliest.push_back(
                    static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin()));
              });
  return likeliest;
}

class TruncatedModel : public testing::TestWithParam<int> {
 protected:
  TruncatedModel() {
    test::WriteSmallLlama(dir_ / "cut");
    test::WriteSmallLlama(dir_ / "whole");
  }

  std::filesystem::path Weights(const char* model) const {
    for (const auto& file : std::filesystem::directory_iterator(dir_ / model)) {
      if (file.path().extension() == ".safetensors") return file.path();
    }
    return {};
  }

  test::TempDir dir_;
  test::AbsorbFaults absorb_;
};

// Bytes that are cut off; 0: all but one.
TEST_P(TruncatedModel, EndsTheRequestAndNotTheProcess) {
  const EngineOptions options = {.threads = 2};
  Engine cut(dir_ / "cut", options), whole(dir_ / "whole", options);
  const std::vector<TokenId> want = Answer(whole);
  EXPECT_EQ(Answer(cut), want);
  const auto size = static_cast<off_t>(std::filesystem::file_size(Weights("cut")));
  ASSERT_EQ(truncate(Weights("cut").c_str(), GetParam() == 0 ? 1 : size - GetParam()), 0);
  for (int request = 0; request < 2; ++request) {
    try {
      Answer(cut);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kSourceChanged);
      EXPECT_EQ(
          std::string(error.what()),
          Weights("cut").string() + ": was cut shorter, or could not be read, while it was in use");
    }
    EXPECT_EQ(Answer(whole), want);
  }
  EXPECT_THROW(Engine(dir_ / "cut", options), Error);
  Engine again(dir_ / "whole", options);
  EXPECT_EQ(Answer(again), want);
}

INSTANTIATE_TEST_SUITE_P(Bytes, TruncatedModel, testing::Values(0, 1, 10'000),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace hlwq::runtime
