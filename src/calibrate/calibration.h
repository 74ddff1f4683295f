// Feedback for the matrices of a model from text that runs through it, layer by layer
// (docs/calibration.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "calibrate/hessian.h"
#include "calibrate/layer_walk.h"
#include "calibrate/propagation.h"
#include "calibrate/self_text.h"
#include "convert/feedback_source.h"
#include "runtime/engine.h"

namespace hlwq::calibrate {

struct CalibrationOptions {
  double damping = 0.01;  // of the median of a Hessian's diagonal
  // Of the errors of the layers before, what each layer is coded to make good; 0: none of it, as with
  // models that have experts.
  double propagation = 0.6;
  std::filesystem::path scratch;  // as LayerWalk
  // Told of the layer that tokens go through.
  std::function<void(size_t layer, const TokenProgress& progress)> progress;
};

// Inputs are those of the model as it is. Where errors are propagated (propagation.h), those of matrices that
// write to the stream are what the coded layers give. In a mixture gates and ups of all experts of a layer
// share the inputs of all its tokens; each down has its own, and feedback is weaker where they are few.
// Borrows the engine; one caller at a time.
class Calibration final : public convert::FeedbackSource {
 public:
  // Sequences of more than model::kShortSegment tokens.
  Calibration(runtime::Engine& engine, TokenSequences sequences, CalibrationOptions options);
  ~Calibration() override;

  // `layer` kHead: of the head, whose inputs are the last stream, normed. Of a later layer than the last one
  // asked for: takes all tokens through the layers up to it. Throws as LayerWalk and Propagation, and
  // Error{kNonFinite} for inputs that are not finite.
  convert::MatrixFeedback For(const std::string& matrix, size_t layer,
                              const codec::Codec& codec) override;
  // Without it no errors are propagated.
  void Plan(std::vector<convert::PlannedMatrix> matrices) override;
  // Of the matrices that no token came by, or whose inputs are all zero: they are coded as without.
  std::vector<std::string> notes() const override;

 private:
  struct Group;  // matrices that share an input

  runtime::Engine& engine_;
  TokenSequences sequences_;
  CalibrationOptions options_;
  LayerWalk walk_;
  std::vector<convert::PlannedMatrix> plan_;
  std::optional<Propagation> propagation_;
  std::vector<std::unique_ptr<Group>> groups_;  // of the layer
  std::map<std::string, Group*, std::less<>> group_of_;
  std::map<std::string, const model::StoredMatrix*, std::less<>> matrices_;
  std::map<std::string, std::shared_ptr<const Buffer<float>>, std::less<>> shifts_;
  uint64_t tokens_ = 0;
  uint64_t pass_begin_ = 0;  // tokens that are through
  bool is_at_head_ = false;
  size_t without_ = 0;         // matrices without feedback
  std::string first_without_;  // the first of them

  void GoTo(size_t layer);
  void TakeLayer(bool is_wanted);
  // Codes the layer that the walk has left, and takes its errors to the next.
  void Propagate();
  void AddWriter(WriterSums sums);
  // Progress: of the walks that a layer takes so many are done.
  void Tell(size_t layer, size_t walks_done) const;
  Group& AddGroup(const std::string& matrix, Hessian hessian);
  std::shared_ptr<const codec::Feedback> FeedbackOf(Group& group, const std::string& matrix,
                                                    const codec::Codec& codec);
  void CollectHead(const std::string& matrix);
  // Throws Error{kNonFinite} for sums that are not.
  void CheckSums() const;
  void Collect(std::span<const model::Product> products);
  void RequireFinite(kernels::RowSpan<const float> inputs, const std::string& matrix) const;
};

}  // namespace hlwq::calibrate
