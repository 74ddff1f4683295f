// On a mixture that was trained (tools/golden/train_mixture.py), whose router likes some experts more than others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/file.h"
#include "calibrate/calibration.h"
#include "checkpoint/row_reader.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "tests/calibrate/divergence.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::calibrate {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;

constexpr size_t kWindow = 120;

fs::path Folder() { return test::Golden("good/trained/qwen3-moe"); }

// Text that the model was not trained with; its tokens are bytes.
TokenSequences HeldOutText() {
  const std::string text = ReadSmallFile(Folder() / "text.txt", 1 << 20);
  TokenSequences sequences;
  for (size_t begin = 0; begin + kWindow <= text.size(); begin += kWindow) {
    const auto bytes = std::string_view(text).substr(begin, kWindow);
    auto& sequence = sequences.emplace_back();
    for (const char byte : bytes) sequence.push_back(static_cast<unsigned char>(byte));
  }
  return sequences;
}

// With 3 bits everywhere, embedding and head too; by text that the model writes, where it is calibrated.
Checkpoint Quantized(const fs::path& to, bool is_calibrated) {
  convert::QuantizeOptions options;
  options.codec = codec::DefaultSpec(codec::kTrellisCodec);
  options.recipe = {.recipe = "uniform", .bits = 3, .embedding_bits = 3, .lm_head_bits = 3};
  runtime::Engine engine(Folder(), {.threads = 2});
  Calibration calibration(engine,
                          WriteSelfText(engine, {.tokens = 16384, .sequence_tokens = kWindow}), {});
  if (is_calibrated) {
    options.calibration.emplace();
    options.calibration->source = &calibration;
    options.calibration->text = "{}";
  }
  convert::Quantize(checkpoint::OpenCheckpoint(Folder()), to, options, kernels::CpuBackend());
  return checkpoint::OpenCheckpoint(to);
}

// What came to the matrices of experts: sum x x^T by tensor.
struct ExpertInputs {
  struct Sums {
    size_t tokens = 0, columns = 0;
    std::vector<double> sums;
  };
  std::map<std::string, Sums> of;

  explicit ExpertInputs(const TokenSequences& text) {
    runtime::Engine engine(Folder(), {.threads = 2});
    LayerWalk walk(engine, text, {});
    const auto collect = [&](std::span<const model::Product> products) {
      for (const model::Product& product : products) {
        const auto bound = engine.model().BoundTo(*product.matrix);
        if (!bound || bound->entry->name.find(".experts.") == std::string::npos) continue;
        for (size_t token = product.tokens.begin; token < product.tokens.end; ++token) {
          Add(of[bound->entry->name], (*product.input)[token]);
        }
      }
    };
    while (walk.layer() < engine.config().sizes.layers.size()) {
      walk.Next({.on_products = model::OnProducts(collect)}, [](const WalkPass&) {});
    }
  }

 private:
  static void Add(Sums& to, std::span<const float> x) {
    to.columns = x.size();
    to.sums.resize(x.size() * x.size());
    ++to.tokens;
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t j = 0; j < x.size(); ++j) to.sums[i * x.size() + j] += double{x[i]} * x[j];
    }
  }
};

std::vector<float> WeightsOf(const Checkpoint& model, const std::string& name) {
  const auto entry = std::ranges::find(model.tensors, name, &checkpoint::TensorEntry::name);
  const checkpoint::RowReader reader(model, *entry, kernels::CpuBackend());
  std::vector<float> weights(entry->elements());
  reader.ReadRows({0, reader.matrix().out}, weights);
  return weights;
}

// sum e H e^T over the rows of what coding changed.
double OutputErrorOf(const std::string& name, const ExpertInputs::Sums& inputs,
                     const Checkpoint& model, const Checkpoint& coded) {
  const std::vector<float> want = WeightsOf(model, name), got = WeightsOf(coded, name);
  double sum = 0;
  for (size_t row = 0; row < want.size(); row += inputs.columns) {
    for (size_t i = 0; i < inputs.columns; ++i) {
      double along = 0;
      for (size_t j = 0; j < inputs.columns; ++j) {
        along += inputs.sums[i * inputs.columns + j] * (double{want[row + j]} - got[row + j]);
      }
      sum += along * (double{want[row + i]} - got[row + i]);
    }
  }
  return sum;
}

class TrainedMixture : public testing::Test {
 protected:
  test::TempDir dir_;
  Checkpoint model_ = checkpoint::OpenCheckpoint(Folder());
  Checkpoint alone_ = Quantized(dir_ / "alone", false);
  Checkpoint calibrated_ = Quantized(dir_ / "calibrated", true);
  TokenSequences text_ = HeldOutText();
};

TEST_F(TrainedMixture, LosesFarLessWithFeedback) {
  const auto want = test::LogProbabilities(std::move(model_), text_);
  const double alone = test::MeanKl(want, test::LogProbabilities(std::move(alone_), text_));
  const double calibrated =
      test::MeanKl(want, test::LogProbabilities(std::move(calibrated_), text_));
  EXPECT_LT(calibrated, 0.65 * alone) << alone;
}

TEST_F(TrainedMixture, DoesNotLoseMoreWhereExpertsAreRare) {
  const ExpertInputs inputs(text_);
  struct Expert {
    size_t tokens = 0;
    double alone = 0, calibrated = 0;
  };
  std::map<std::string, Expert> experts;
  for (const auto& [name, sums] : inputs.of) {
    Expert& expert = experts[name.substr(0, name.rfind('.', name.size() - sizeof("_proj.weight")))];
    expert.tokens = sums.tokens;
    expert.alone += OutputErrorOf(name, sums, model_, alone_);
    expert.calibrated += OutputErrorOf(name, sums, model_, calibrated_);
  }
  std::vector<Expert> by_tokens;
  for (const auto& [name, expert] : experts) by_tokens.push_back(expert);
  std::ranges::sort(by_tokens, {}, &Expert::tokens);
  ASSERT_GT(by_tokens.size(), 16u);
  // The router has its likings, or this shows nothing.
  EXPECT_GT(by_tokens.back().tokens, 5 * by_tokens[by_tokens.size() / 4].tokens);
  for (const Expert& expert : by_tokens) {
    EXPECT_LT(expert.calibrated, 0.9 * expert.alone) << expert.tokens << " tokens";
  }
}

}  // namespace
}  // namespace hlwq::calibrate
