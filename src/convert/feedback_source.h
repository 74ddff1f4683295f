// Where the feedback between columns (codec/feedback.h) of a conversion's matrices comes from. What finds
// it runs the model, which conversions know nothing of.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/manifest.h"
#include "codec/codec.h"
#include "codec/feedback.h"
#include "tensor/buffer.h"

namespace hlwq::convert {

// A matrix that a conversion codes.
struct PlannedMatrix {
  std::string name;  // as MatrixName says
  size_t layer = 0;  // of FeedbackSource::For
  checkpoint::Role role = checkpoint::Role::kOther;
  std::shared_ptr<const codec::Codec> codec;
};

// How it is coded so that less is lost.
struct MatrixFeedback {
  std::shared_ptr<const codec::Feedback> feedback;  // null: as without
  // [out, in], added to the weights before they are coded, so that the matrix makes good what the layers
  // before it do wrong; null: nothing.
  std::shared_ptr<const Buffer<float>> shift;
};

class FeedbackSource {
 public:
  // In place of a layer: the head, or the embedding that serves as one. It comes last.
  static constexpr size_t kHead = std::numeric_limits<size_t>::max();

  virtual ~FeedbackSource() = default;

  // All matrices that the conversion codes with feedback, whether or not it asks for each of them: a job
  // that is resumed does not. Called once, before For, if at all.
  virtual void Plan(std::vector<PlannedMatrix> /*matrices*/) {}
  // For a matrix of a decoder layer or the head, named as MatrixName says. Called for one matrix at a time,
  // layer after layer, with all other work of the layers before begun; may take as long as it takes. What it
  // throws ends the conversion.
  virtual MatrixFeedback For(const std::string& matrix, size_t layer,
                             const codec::Codec& codec) = 0;
  // What a user should know afterwards.
  virtual std::vector<std::string> notes() const { return {}; }
};

// The `layer` of FeedbackSource::For: a decoder layer, kHead, or nothing for a tensor of neither.
std::optional<size_t> FeedbackLayerOf(const checkpoint::TensorSpec& spec);

// Where feedback comes from, and how it came about.
struct Calibration {
  FeedbackSource* source = nullptr;      // borrowed
  checkpoint::CalibrationRecord record;  // of the manifest; a resumed job must have the same
  // hlwq_calibration.json, which goes beside the result: the record and the token ids.
  std::string text;
};

struct Job;
// For Job::options.
std::string WordsOf(const std::optional<Calibration>& calibration);
// Adds the record and the text.
void AddCalibration(const std::optional<Calibration>& calibration, Job& job);
// Adds the notes of the source, once the job is done.
void AddNotes(const std::optional<Calibration>& calibration, std::vector<std::string>& notes);

}  // namespace hlwq::convert
