#include "convert/feedback_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "checkpoint/row_reader.h"
#include "convert/quantize.h"
#include "kernels/cpu_backend.h"
#include "tests/support/portable_gaussian.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

// Shifts every matrix by much more than coding it at 6 bits loses.
class Shifting final : public FeedbackSource {
 public:
  void Plan(std::vector<PlannedMatrix> matrices) override {
    for (const PlannedMatrix& matrix : matrices) {
      EXPECT_TRUE(planned.insert(matrix.name).second) << matrix.name;
      EXPECT_NE(matrix.codec, nullptr);
    }
  }
  MatrixFeedback For(const std::string& matrix, size_t, const codec::Codec&) override {
    asked.insert(matrix);
    const checkpoint::TensorEntry& entry = *source.Find(matrix);
    const std::vector<float> values = test::PortableGaussian(entry.elements(), 0.05);
    Buffer<float> shift(values.size());
    std::ranges::copy(values, shift.data());
    auto shared = std::make_shared<const Buffer<float>>(std::move(shift));
    shifts[matrix] = shared;
    return {.feedback = nullptr, .shift = shared};
  }

  checkpoint::Checkpoint source =
      checkpoint::OpenCheckpoint(test::Golden("good/models/llama-biases"));
  std::set<std::string> planned, asked;
  std::map<std::string, std::shared_ptr<const Buffer<float>>> shifts;
};

std::vector<float> ReadAll(const checkpoint::Checkpoint& checkpoint, const std::string& name) {
  const checkpoint::TensorEntry& entry = *checkpoint.Find(name);
  const checkpoint::RowReader reader(checkpoint, entry, kernels::CpuBackend());
  std::vector<float> values(entry.elements());
  reader.ReadRows({0, reader.matrix().out}, values);
  return values;
}

TEST(FeedbackSource, ShiftsWhatIsCodedAndErrorsAreThoseFromTheSource) {
  const test::TempDir dir;
  Shifting shifting;
  QuantizeOptions options;
  options.codec = codec::DefaultSpec(codec::kTrellisCodec);
  options.recipe = {.recipe = "uniform", .bits = 6};
  options.calibration.emplace();
  options.calibration->source = &shifting;
  options.calibration->text = "{}";
  const auto result = Quantize(shifting.source, dir / "dst", options, kernels::CpuBackend());
  EXPECT_EQ(shifting.planned, shifting.asked);
  ASSERT_FALSE(shifting.asked.empty());
  const auto coded = checkpoint::OpenCheckpoint(dir / "dst");
  for (const auto& report : result.job.manifest.reports) {
    if (!shifting.shifts.contains(report.name)) continue;
    const std::vector<float> weights = ReadAll(shifting.source, report.name);
    const std::vector<float> decoded = ReadAll(coded, report.name);
    const Buffer<float>& shift = *shifting.shifts.at(report.name);
    double noise = 0, from_wanted = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      noise += std::pow(double{weights[i]} - decoded[i], 2);
      from_wanted += std::pow(double{weights[i]} + shift[i] - decoded[i], 2);
    }
    EXPECT_LT(from_wanted, 0.01 * noise) << report.name;
    EXPECT_NEAR(report.errors->noise, noise, 1e-4 * noise) << report.name;
    EXPECT_EQ(report.errors->count, weights.size());
  }
}

}  // namespace
}  // namespace hlwq::convert
