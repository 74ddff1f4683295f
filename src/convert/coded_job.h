// The job of a conversion that codes some tensors and carries the others over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/job.h"
#include "convert/matrices.h"

namespace hlwq::convert {

enum class NonFinitePolicy {
  kError,  // stop, naming tensor and position
  kKeep,   // carry such a tensor over in its source dtype
};

// First every tensor gets its codec, then Build makes the job: one pass over the source's tensors, in
// their order. Borrows the source and the backend, and the job does too.
class CodedJobBuilder {
 public:
  // Throws as ClassifyTensors and RefuseForeignCodes.
  CodedJobBuilder(const checkpoint::Checkpoint& source, const codec::Backend& backend);

  const checkpoint::Classified& classified() const noexcept { return classified_; }

  // Null: carried over, which is what happens to every tensor unless said otherwise.
  void SetCodec(size_t tensor, std::shared_ptr<const codec::Codec> codec) {
    codec_of_[tensor] = std::move(codec);
  }
  // Matrices of decoder layers and the head are coded with feedback, layer after layer. Borrowed.
  void SetFeedback(FeedbackSource* source) noexcept { feedback_ = source; }
  const codec::Codec* CodecOf(size_t tensor) const noexcept { return codec_of_[tensor].get(); }

  // Carries tensors over that their codec cannot hold (NaN, infinity, multipliers beyond 16 bits),
  // found by coding all; adds a note for each. `progress` may be empty.
  void KeepNonFinite(std::vector<std::string>& notes, const ProgressCallback& progress);

  // Outputs, tasks, reports and the source's side files. A fused tensor is coded slice by slice. Throws
  // Error{kInvalidData} for more than kMaxMatrices matrices.
  Job Build();

 private:
  const checkpoint::Checkpoint& source_;
  const codec::Backend& backend_;
  checkpoint::Classified classified_;
  std::vector<std::shared_ptr<const codec::Codec>> codec_of_;  // of each source tensor
  FeedbackSource* feedback_ = nullptr;
  std::vector<PlannedMatrix> planned_;  // for it
  OutputGroups groups_;

  void AddReport(Job& job, size_t tensor) const;
  void AddCoded(Job& job, size_t tensor);
  LayerFeedback FeedbackOf(const checkpoint::TensorSpec& spec) const;
  void TryEncode(size_t tensor) const;
};

}  // namespace hlwq::convert
