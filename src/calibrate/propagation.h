// Errors of the layers before, made good by the matrices that write to the residual stream.
//
// A second walk takes the text through the model as it becomes: every matrix as what is decoded of its codes.
// Before a layer's writers (o, down; the output of a gated delta net) are coded, its streams miss r to be those
// of the model as it is, and the inputs of a writer are x. It is coded as if its weights were W + share * S,
// where S makes the mean of |S x - r|^2 + ridge |S|^2 least, with x of a mean square of 1. Not all of S: a text is a
// sample. (Quantization error propagation, arXiv:2504.09629, corrects each matrix for the errors of its inputs;
// here the stream itself is corrected. docs/calibration.md compares them.)
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "calibrate/hessian.h"
#include "calibrate/layer_walk.h"
#include "convert/feedback_source.h"
#include "runtime/engine.h"

namespace hlwq::calibrate {

// Not where experts are: what these are coded to would have to be held.
inline bool Propagates(const checkpoint::TextConfig& sizes) noexcept { return sizes.experts == 0; }

// The last matrix of either half of a layer.
bool WritesToStream(checkpoint::Role role) noexcept;

// What a writer reads in the model as it becomes, and what it should make good.
struct WriterSums {
  WriterSums(const convert::PlannedMatrix* planned, MatrixShape shape)
      : matrix(planned), inputs(shape.in), errors(shape.out, shape.in) {}

  const convert::PlannedMatrix* matrix = nullptr;
  Hessian inputs;    // sum of x x^T
  CrossSums errors;  // sum of r x^T
};

// share * S [out, in]. `hessian` is the normalised one of the inputs, whose diagonal's mean was `mean`; it is the
// same afterwards. Cost: in^3 / 3 + 2 out in^2 multiply-adds. Does not depend on the number of threads.
Buffer<float> ShiftOf(Buffer<float>& hessian, double mean, CrossSums errors, double share,
                      double ridge, WorkerPool& pool);

// Borrows the engine, the sequences and the plan. One layer after the other, as LayerWalk:
// - the walk of the model as it is takes it, telling TakeMixed;
// - SetCoded of all its matrices but the writers; Gather; SetCoded of all of them; Next.
class Propagation {
 public:
  // Of models without experts. Throws as LayerWalk.
  Propagation(runtime::Engine& engine, const TokenSequences& sequences,
              const std::filesystem::path& scratch,
              const std::vector<convert::PlannedMatrix>& plan);

  // The planned matrices of the layer that is next.
  std::span<const convert::PlannedMatrix* const> matrices() const noexcept;
  bool IsWriter(const std::string& matrix) const noexcept;

  // The streams of the model as it is, after the mixer of the layer.
  void TakeMixed(size_t first_token, std::span<const float> stream) {
    mixed_.Write(first_token, stream);
  }
  // From here on the layer is run with what is decoded of the codes of `weights`, if they are plain. Throws as
  // Codec::EncodeRowsWith, naming the matrix.
  void SetCoded(const convert::PlannedMatrix& matrix, const model::StoredMatrix& weights,
                const convert::MatrixFeedback& feedback);
  // Takes the text through the layer. `after`: the streams of the model as it is, after the layer. Of the writers
  // that are run, by name. What was coded is dropped: factoring needs the room more, and coding again takes
  // little.
  std::map<std::string, WriterSums> Gather(const TokenStreams& after, OnPass on_pass);
  // The same, and goes on to the next one.
  void Next(OnPass on_pass);

 private:
  struct Coded {
    Buffer<uint16_t> weights;  // BF16
    model::StoredMatrix matrix;
  };

  runtime::Engine& engine_;
  std::vector<std::vector<const convert::PlannedMatrix*>> plan_;  // of each layer
  std::map<std::string, const convert::PlannedMatrix*, std::less<>> writers_;
  LayerWalk walk_;
  TokenStreams mixed_;
  std::map<std::string, Coded, std::less<>> coded_;  // of the layer

  void PutCoded(std::span<model::Product> products) const;
};

}  // namespace hlwq::calibrate
