// A file of experts that is cut while a model runs from it: requests end, the engine does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "io/safetensors.h"
#include "runtime/engine.h"
#include "runtime/sequence.h"
#include "tests/runtime/experts/run_requests.h"
#include "tests/runtime/run_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

namespace fs = std::filesystem;
using test::ExpectError;

constexpr size_t kChunkTokens = 10, kPromptTokens = 35;
constexpr char kExpertFile[] = "experts.safetensors";

// One of the files of a checkpoint in several.
class Shard {
 public:
  explicit Shard(std::string name) : name_(std::move(name)) {}

  void Add(io::SafetensorsEntry entry, const io::SafetensorsFile& source, nlohmann::json& index) {
    const uint64_t begin = data_.size();
    data_.resize(begin + entry.bytes());
    source.file().ReadAt(source.header().data_offset + entry.begin,
                         std::as_writable_bytes(std::span(data_).subspan(begin)));
    entry.begin = begin;
    entry.end = data_.size();
    index["weight_map"][entry.name] = name_;
    entries_.push_back(std::move(entry));
  }

  void Write(const fs::path& folder) const {
    WriteFileAtomically(folder / name_,
                        io::SerializeSafetensorsHeader(entries_, {{"format", "pt"}}) + data_);
  }

 private:
  std::string name_, data_;
  std::vector<io::SafetensorsEntry> entries_;
};

// Copies a checkpoint of one file, with its experts in a file of their own.
void PutExpertsApart(const fs::path& source, const fs::path& folder) {
  fs::create_directories(folder);
  fs::copy_file(source / "config.json", folder / "config.json");
  const auto file = io::SafetensorsFile::Open(source / "model.safetensors");
  Shard experts(kExpertFile), rest("rest.safetensors");
  nlohmann::json index = {{"metadata", nlohmann::json::object()}};
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    const bool is_expert = entry.name.find(".experts.") != std::string::npos;
    (is_expert ? experts : rest).Add(entry, file, index);
  }
  experts.Write(folder);
  rest.Write(folder);
  WriteFileAtomically(folder / "model.safetensors.index.json", index.dump());
}

class CutFile : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const fs::path source = test::Golden("good/models/" + std::string(GetParam()));
    PutExpertsApart(source, dir_ / "m");
    whole_ = ReadSmallFile(dir_ / "m" / kExpertFile, 1 << 20);
    engine_ = std::make_unique<Engine>(dir_ / "m",
                                       EngineOptions{.threads = 2, .chunk_tokens = kChunkTokens});
    engine_->CacheExperts({.size = SlotsPerLayer{1}});
    untouched_ =
        std::make_unique<Engine>(source, EngineOptions{.threads = 1, .chunk_tokens = kChunkTokens});
    prompt_ = test::SomeTokens(kPromptTokens, engine_->config().sizes.vocab - 4);
  }

  void Cut() const { fs::resize_file(dir_ / "m" / kExpertFile, 4096); }
  // The same file again, not another one of its name.
  void Restore() const {
    File::OpenForWrite(dir_ / "m" / kExpertFile).WriteAt(0, std::as_bytes(std::span(whole_)));
  }

  Sequence MakeSequence(Engine& engine) const {
    return Sequence(engine, {.format = DType::kF32, .capacity = 64});
  }
  std::vector<float> FreshLogits(std::span<const TokenId> prompt) const {
    Sequence sequence = MakeSequence(*untouched_);
    test::Fill(*untouched_, sequence, prompt);
    return {sequence.logits().begin(), sequence.logits().end()};
  }
  void ExpectFillGives(Sequence& sequence, std::span<const TokenId> prompt) {
    test::Fill(*engine_, sequence, prompt);
    EXPECT_TRUE(std::ranges::equal(sequence.tokens(), prompt));
    EXPECT_LT(test::RelativeDifference(sequence.logits(), FreshLogits(prompt)), 2e-4);
  }
  bool is_recurrent() const { return engine_->MakeState({.capacity = 1}).is_recurrent(); }

  test::TempDir dir_;
  std::string whole_;
  std::unique_ptr<Engine> engine_, untouched_;
  std::vector<TokenId> prompt_;
};

TEST_P(CutFile, FeedThrowsAndTheEngineGoesOnOnceItIsWhole) {
  SequenceState state = test::FullPrecisionState(*engine_, 64);
  const auto want = test::Continue(*engine_, state, prompt_);
  Cut();
  SequenceState cut = test::FullPrecisionState(*engine_, 64);
  for (int times = 0; times < 2; ++times) {
    ExpectError(ErrorCode::kSourceChanged, kExpertFile,
                [&] { test::Continue(*engine_, cut, prompt_); });
    EXPECT_EQ(cut.length(), 0u);
    EXPECT_EQ(test::Logits(*untouched_, prompt_, prompt_.size()), want);
  }
  Restore();
  EXPECT_EQ(test::Continue(*engine_, cut, prompt_), want);
}

TEST_P(CutFile, AFillThatFailsKeepsThePassesThatTheStateHolds) {
  Sequence sequence = MakeSequence(*engine_);
  ExpectError(ErrorCode::kSourceChanged, kExpertFile, [&] {
    test::Fill(*engine_, sequence, prompt_, [&](size_t done) {
      if (done == kChunkTokens) Cut();
      return true;
    });
  });
  const size_t kept = is_recurrent() ? 0 : kChunkTokens;
  EXPECT_TRUE(std::ranges::equal(sequence.tokens(), std::span(prompt_).first(kept)));
  EXPECT_TRUE(sequence.logits().empty());
  Restore();
  ExpectFillGives(sequence, prompt_);
}

TEST_P(CutFile, AnAppendThatFailsLeavesWhatTheStateHolds) {
  Sequence sequence = MakeSequence(*engine_);
  ExpectFillGives(sequence, prompt_);
  Cut();
  ExpectError(ErrorCode::kSourceChanged, kExpertFile, [&] { test::Append(*engine_, sequence, 5); });
  const size_t kept = is_recurrent() ? 0 : prompt_.size();
  EXPECT_TRUE(std::ranges::equal(sequence.tokens(), std::span(prompt_).first(kept)));
  EXPECT_TRUE(sequence.logits().empty());
  Restore();
  prompt_.push_back(5);
  ExpectFillGives(sequence, prompt_);
}

INSTANTIATE_TEST_SUITE_P(Models, CutFile,
                         ::testing::Values("qwen3-moe", "qwen3_next", "qwen3_5_moe"),
                         test::ModelTestName);

}  // namespace
}  // namespace hlwq::runtime
