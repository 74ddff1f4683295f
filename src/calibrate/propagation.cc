#include "calibrate/propagation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/parallel.h"
#include "calibrate/bound_name.h"
#include "calibrate/factorization.h"
#include "codec/round_trip.h"
#include "tensor/float16.h"

namespace hlwq::calibrate {
namespace {

using checkpoint::Role;
using kernels::RowSpan;

bool WritesMixed(Role role) noexcept {
  return role == Role::kAttentionO || role == Role::kLinearAttentionOut;
}

// What a pass has of a writer until the stream is known that it leaves.
struct PassInputs {
  WriterSums* sums = nullptr;
  std::vector<float> inputs;  // [tokens, in]
};

// Adds r = the stream as it should be - as it is, for each of the writers that made it.
void AddErrors(std::vector<PassInputs>& writers, const TokenStreams& wanted, size_t first_token,
               std::span<const float> stream, size_t hidden, WorkerPool& pool) {
  if (writers.empty()) return;
  std::vector<float> errors(stream.size());
  wanted.Read(first_token, errors);
  for (size_t i = 0; i < errors.size(); ++i) errors[i] -= stream[i];
  const RowSpan<const float> rows(std::span<const float>(errors), hidden);
  for (PassInputs& writer : writers) {
    const RowSpan<const float> inputs(std::span<const float>(writer.inputs),
                                      writer.inputs.size() / rows.rows);
    writer.sums->inputs.Add(inputs, pool);
    writer.sums->errors.Add(rows, inputs, pool);
  }
  writers.clear();
}

}  // namespace

bool WritesToStream(Role role) noexcept { return WritesMixed(role) || role == Role::kMlpDown; }

Buffer<float> ShiftOf(Buffer<float>& hessian, double mean, CrossSums errors, double share,
                      double ridge, WorkerPool& pool) {
  Buffer<float> shift = errors.Take();
  if (!(mean > 0)) {
    std::ranges::fill(shift.span(), 0.0f);
    return shift;
  }
  const auto scale = static_cast<float>(share / mean);
  for (float& value : shift.span()) value *= scale;
  Factorization factorization(std::move(hessian), errors.columns(), pool);
  while (!factorization.Run(static_cast<float>(ridge))) ridge *= 4;
  factorization.SolveRows(shift.span());
  hessian = factorization.TakeHessian();
  return shift;
}

Propagation::Propagation(runtime::Engine& engine, const TokenSequences& sequences,
                         const std::filesystem::path& scratch,
                         const std::vector<convert::PlannedMatrix>& plan)
    : engine_(engine),
      plan_(engine.config().sizes.layers.size()),
      walk_(engine, sequences, scratch, kMostStreamBytes / 3),
      mixed_(CountTokens(sequences), engine.config().sizes.hidden, scratch, kMostStreamBytes / 3) {
  for (const convert::PlannedMatrix& matrix : plan) {
    if (matrix.layer >= plan_.size()) continue;
    plan_[matrix.layer].push_back(&matrix);
    if (WritesToStream(matrix.role)) writers_.emplace(matrix.name, &matrix);
  }
}

std::span<const convert::PlannedMatrix* const> Propagation::matrices() const noexcept {
  return plan_[walk_.layer()];
}

bool Propagation::IsWriter(const std::string& matrix) const noexcept {
  return writers_.contains(matrix);
}

void Propagation::SetCoded(const convert::PlannedMatrix& matrix, const model::StoredMatrix& weights,
                           const convert::MatrixFeedback& feedback) {
  if (!std::holds_alternative<kernels::DenseMatrix>(weights)) return;
  const MatrixShape shape = model::ShapeOf(weights);
  Coded& coded = coded_[matrix.name];
  coded.weights = Buffer<uint16_t>(shape.out * shape.in, Unfilled());
  const auto code = [&](size_t begin) {
    const size_t count = std::min(codec::kFeedbackRows, shape.out - begin);
    std::vector<float> rows(count * shape.in);
    for (size_t i = 0; i < count; ++i) {
      model::ReadWeights(weights, begin + i, std::span(rows).subspan(i * shape.in, shape.in));
    }
    const size_t first = begin * shape.in;
    if (feedback.shift != nullptr) {
      for (size_t i = 0; i < rows.size(); ++i) rows[i] += (*feedback.shift)[first + i];
    }
    codec::RoundTripRows(*matrix.codec, feedback.feedback.get(), begin, shape.in, rows);
    std::ranges::transform(rows, coded.weights.data() + first, F32ToBF16);
  };
  WithContext("'" + matrix.name + "'", [&] {
    ForEachTask(engine_.pool().threads(), CeilDiv(shape.out, codec::kFeedbackRows),
                [&](size_t task) { code(task * codec::kFeedbackRows); });
  });
  coded.matrix = kernels::DenseMatrix{
      .shape = shape, .dtype = DType::kBF16, .data = std::as_bytes(coded.weights.span())};
}

void Propagation::PutCoded(std::span<model::Product> products) const {
  for (model::Product& product : products) {
    const auto name = BoundName(engine_.model(), *product.matrix);
    const auto found = name ? coded_.find(*name) : coded_.end();
    if (found != coded_.end()) product.matrix = &found->second.matrix;
  }
}

std::map<std::string, WriterSums> Propagation::Gather(const TokenStreams& after, OnPass on_pass) {
  const size_t hidden = engine_.config().sizes.hidden;
  std::map<std::string, WriterSums> sums;
  std::vector<PassInputs> of_mixer, of_feed_forward;
  size_t first_token = 0;
  const auto look = [&](std::span<model::Product> products) {
    for (const model::Product& product : products) {
      const auto name = BoundName(engine_.model(), *product.matrix);
      const auto writer = name ? writers_.find(*name) : writers_.end();
      if (writer == writers_.end()) continue;
      const auto found =
          sums.try_emplace(*name, writer->second, model::ShapeOf(*product.matrix)).first;
      const auto inputs =
          product.input->floats().first(product.tokens.size() * found->second.inputs.columns());
      auto& list = WritesMixed(writer->second->role) ? of_mixer : of_feed_forward;
      list.push_back({&found->second, {inputs.begin(), inputs.end()}});
    }
    PutCoded(products);
  };
  const auto take_mixed = [&](std::span<const float> stream) {
    AddErrors(of_mixer, mixed_, first_token, stream, hidden, engine_.pool());
  };
  const auto take_pass = [&](const WalkPass& pass) {
    AddErrors(of_feed_forward, after, first_token, pass.stream, hidden, engine_.pool());
    first_token += pass.tokens;
    on_pass(pass);
  };
  walk_.Try({.on_products = model::OnProducts(look), .on_mixed = model::OnMixed(take_mixed)},
            take_pass);
  coded_.clear();
  return sums;
}

void Propagation::Next(OnPass on_pass) {
  const auto put = [&](std::span<model::Product> products) { PutCoded(products); };
  walk_.Next({.on_products = model::OnProducts(put)}, on_pass);
  coded_.clear();
}

}  // namespace hlwq::calibrate
