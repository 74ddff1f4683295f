// What each way of coding the weights costs a model, all on the same tokens.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "eval/ablation_methods.h"
#include "eval/perplexity.h"
#include "report/ablation.h"

namespace hlwq::eval {

struct AblationOptions {
  int bits = 5;  // for the record
  int threads = 0;
  TextRunOptions text;
  ProgressCallback coding_progress;  // of coding for all methods; items are methods; may be empty
};

// The projections of decoder layers (checkpoint/projections.h), seen as matrices.
struct CodedMatrix {
  size_t entry = 0;  // index into Checkpoint::tensors
  MatrixShape shape;
};
std::vector<CodedMatrix> FindCodedMatrices(const checkpoint::Checkpoint& checkpoint);

// The checkpoint with its projections as the method leaves them, in float32; what it cannot code
// stays as it is.
checkpoint::Checkpoint ApplyMethod(checkpoint::Checkpoint checkpoint, const AblationMethod& method);

// The model at `path` as a reference: projections that are codes are decoded to float32, as the
// runtime would multiply them with rounded activations.
checkpoint::Checkpoint OpenReference(const std::filesystem::path& path);

// Codes the reference's model in every way, holds all of them in memory with float32 projections, and
// takes them through the text side by side with it. Throws as MeasureKlds and runtime::Engine;
// Error{kInvalidArgument} where no tensor is a projection; Error naming the tensor that a method
// cannot code. Memory: 4 bytes a weight and method, and what MeasureKlds takes.
report::Ablation MeasureAblation(runtime::Engine& reference,
                                 std::span<const AblationMethod> methods,
                                 std::span<const runtime::TokenId> tokens,
                                 const AblationOptions& options, const codec::Backend& backend);

}  // namespace hlwq::eval
