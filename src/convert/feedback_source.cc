#include "convert/feedback_source.h"

#include "checkpoint/checkpoint.h"
#include "convert/job.h"

namespace hlwq::convert {

std::optional<size_t> FeedbackLayerOf(const checkpoint::TensorSpec& spec) {
  using checkpoint::Role;
  const bool is_head =
      spec.role == Role::kLmHead || (spec.role == Role::kEmbedding && spec.is_tied);
  if (is_head) return FeedbackSource::kHead;
  if (spec.layer < 0) return std::nullopt;
  return static_cast<size_t>(spec.layer);
}

std::string WordsOf(const std::optional<Calibration>& calibration) {
  return calibration ? " calibration=" + calibration->record.Describe() : "";
}

void AddCalibration(const std::optional<Calibration>& calibration, Job& job) {
  if (!calibration) return;
  job.calibration = calibration->record;
  job.side_files.push_back({checkpoint::kCalibrationFileName, {}, calibration->text});
  job.first_side_file = checkpoint::kCalibrationFileName;
}

void AddNotes(const std::optional<Calibration>& calibration, std::vector<std::string>& notes) {
  if (!calibration) return;
  const std::vector<std::string> added = calibration->source->notes();
  notes.insert(notes.end(), added.begin(), added.end());
}

}  // namespace hlwq::convert
