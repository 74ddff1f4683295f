#include "calibrate/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "calibrate/bound_name.h"
#include "calibrate/factor.h"

namespace hlwq::calibrate {

struct Calibration::Group {
  explicit Group(Hessian sums) : hessian(std::move(sums)) {}

  std::string name;                // of its first matrix
  std::optional<Hessian> hessian;  // until it is factored
  std::string codec;               // whose basis the feedback is in
  std::shared_ptr<const codec::Feedback> feedback;
};

namespace {

kernels::RowSpan<const float> InputsOf(const model::Product& product) {
  const size_t width = product.input->width();
  return {
      product.input->floats().subspan(product.tokens.begin * width, product.tokens.size() * width),
      width};
}

// Of the errors of the layers before: directions of which a text shows little count less.
constexpr double kPropagationRidge = 0.3;

}  // namespace

Calibration::Calibration(runtime::Engine& engine, TokenSequences sequences,
                         CalibrationOptions options)
    : engine_(engine),
      sequences_(std::move(sequences)),
      options_(std::move(options)),
      walk_(engine, sequences_, options_.scratch),
      tokens_(CountTokens(sequences_)) {}

Calibration::~Calibration() = default;

convert::MatrixFeedback Calibration::For(const std::string& matrix, size_t layer,
                                         const codec::Codec& codec) {
  const size_t layers = engine_.config().sizes.layers.size();
  if (layer == kHead) {
    if (!is_at_head_) CollectHead(matrix);
  } else if (walk_.layer() <= layer) {
    GoTo(layer);
  }
  if (layer == kHead ? walk_.layer() != layers : walk_.layer() != layer + 1 || is_at_head_) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("'{}': want layers in ascending order, got {} after {}", matrix, layer,
                            walk_.layer() - 1));
  }
  if (layer == kHead)
    group_of_.emplace(matrix, groups_.front().get());  // a stored head that is tied
  const auto found = group_of_.find(matrix);
  if (found == group_of_.end()) {
    if (without_++ == 0) first_without_ = matrix;
    return {};
  }
  const auto feedback = FeedbackOf(*found->second, matrix, codec);
  if (feedback == nullptr && without_++ == 0) first_without_ = matrix;
  const auto shift = shifts_.find(matrix);
  return {feedback, shift == shifts_.end() ? nullptr : shift->second};
}

void Calibration::Plan(std::vector<convert::PlannedMatrix> matrices) {
  if (options_.propagation == 0 || !Propagates(engine_.config().sizes)) return;
  plan_ = std::move(matrices);
  propagation_.emplace(engine_, sequences_, options_.scratch, plan_);
}

std::shared_ptr<const codec::Feedback> Calibration::FeedbackOf(Group& group,
                                                               const std::string& matrix,
                                                               const codec::Codec& codec) {
  const std::string codec_name = codec::DescribeSpec(codec.spec()).name;
  if (group.hessian) {
    const size_t columns = group.hessian->columns();
    const uint64_t tokens = group.hessian->tokens();
    Buffer<float> hessian = group.hessian->TakeNormalised();
    group.hessian.reset();
    group.feedback =
        MakeFeedback(std::move(hessian), columns, tokens, options_.damping, codec, engine_.pool());
    group.codec = codec_name;
  }
  if (group.codec != codec_name) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'{}': want codec {}, as '{}' with the same inputs, got {}", matrix,
                            group.codec, group.name, codec_name));
  }
  return group.feedback;
}

std::vector<std::string> Calibration::notes() const {
  if (without_ == 0) return {};
  return {
      fmt::format("{} matrices (the first is '{}') saw no inputs and are coded as without "
                  "calibration",
                  without_, first_without_)};
}

void Calibration::CollectHead(const std::string& matrix) {
  const size_t hidden = engine_.config().sizes.hidden;
  if (walk_.layer() < engine_.config().sizes.layers.size()) {
    GoTo(engine_.config().sizes.layers.size() - 1);
  }
  is_at_head_ = true;
  groups_.clear();
  group_of_.clear();
  Group& group = AddGroup(matrix, Hessian(hidden));
  pass_begin_ = 0;
  walk_.ToHead([&](std::span<const float> inputs) {
    const kernels::RowSpan<const float> rows(inputs, hidden);
    RequireFinite(rows, matrix);
    group.hessian->Add(rows, engine_.pool());
    pass_begin_ += rows.rows;
  });
  CheckSums();
}

Calibration::Group& Calibration::AddGroup(const std::string& matrix, Hessian hessian) {
  groups_.push_back(std::make_unique<Group>(std::move(hessian)));
  groups_.back()->name = matrix;
  group_of_[matrix] = groups_.back().get();
  return *groups_.back();
}

void Calibration::GoTo(size_t layer) {
  while (walk_.layer() <= layer) {
    groups_.clear();
    group_of_.clear();
    matrices_.clear();
    shifts_.clear();
    TakeLayer(walk_.layer() == layer || propagation_);
    CheckSums();
    if (propagation_) Propagate();
  }
}

void Calibration::TakeLayer(bool is_wanted) {
  const size_t layer = walk_.layer();
  pass_begin_ = 0;
  const auto collect = [&](std::span<const model::Product> products) { Collect(products); };
  const auto take_mixed = [&](std::span<const float> stream) {
    propagation_->TakeMixed(pass_begin_, stream);
  };
  runtime::LayerObservers observers;
  if (is_wanted) observers.on_products.emplace(collect);
  if (propagation_) observers.on_mixed.emplace(take_mixed);
  walk_.Next(observers, [&](const WalkPass& pass) {
    pass_begin_ += pass.tokens;
    Tell(layer, 0);
  });
}

void Calibration::Tell(size_t layer, size_t walks_done) const {
  if (!options_.progress) return;
  const size_t walks = propagation_ ? 3 : 1;
  options_.progress(
      layer, {.tokens_done = walks_done * tokens_ + pass_begin_, .tokens_total = walks * tokens_});
}

void Calibration::Propagate() {
  const size_t layer = walk_.layer() - 1;
  const auto set_coded = [&](const convert::PlannedMatrix& matrix) {
    const auto weights = matrices_.find(matrix.name);
    if (weights == matrices_.end()) return;
    convert::MatrixFeedback how;
    const auto group = group_of_.find(matrix.name);
    if (group != group_of_.end()) {
      how.feedback = FeedbackOf(*group->second, matrix.name, *matrix.codec);
    }
    const auto shift = shifts_.find(matrix.name);
    if (shift != shifts_.end()) how.shift = shift->second;
    propagation_->SetCoded(matrix, *weights->second, how);
  };
  const auto set_all = [&](bool with_writers) {
    for (const convert::PlannedMatrix* matrix : propagation_->matrices()) {
      if (with_writers || !propagation_->IsWriter(matrix->name)) set_coded(*matrix);
    }
  };
  const auto on_pass = [&](size_t walks_done) {
    pass_begin_ = 0;
    return [this, layer, walks_done](const WalkPass& pass) {
      pass_begin_ += pass.tokens;
      Tell(layer, walks_done);
    };
  };
  set_all(false);
  auto writers = propagation_->Gather(walk_.streams(), on_pass(1));
  while (!writers.empty()) {
    AddWriter(std::move(writers.extract(writers.begin()).mapped()));
  }
  set_all(true);
  propagation_->Next(on_pass(2));
}

void Calibration::AddWriter(WriterSums sums) {
  const convert::PlannedMatrix& matrix = *sums.matrix;
  Group& group = AddGroup(matrix.name, std::move(sums.inputs));
  CheckSums();
  const size_t columns = group.hessian->columns();
  const uint64_t tokens = group.hessian->tokens();
  const double mean = group.hessian->mean_diagonal();
  Buffer<float> hessian = group.hessian->TakeNormalised();
  group.hessian.reset();
  shifts_[matrix.name] = std::make_shared<const Buffer<float>>(
      ShiftOf(hessian, mean, std::move(sums.errors), options_.propagation, kPropagationRidge,
              engine_.pool()));
  group.feedback = MakeFeedback(std::move(hessian), columns, tokens, options_.damping,
                                *matrix.codec, engine_.pool());
  group.codec = codec::DescribeSpec(matrix.codec->spec()).name;
}

void Calibration::CheckSums() const {
  for (const auto& group : groups_) {
    if (!group->hessian || group->hessian->is_finite()) continue;
    throw Error(ErrorCode::kNonFinite,
                fmt::format("'{}': want inputs whose squares float32 can hold", group->name));
  }
}

// Products with one input make a group. Experts are apart: what their gates and ups read is what the router
// reads, whose Hessian all of them share.
void Calibration::Collect(std::span<const model::Product> products) {
  for (size_t i = 0; i < products.size(); ++i) {
    const model::Product& product = products[i];
    const auto bound = BoundName(engine_.model(), *product.matrix);
    if (!bound || product.tokens.size() == 0) continue;
    const std::string& name = *bound;
    if (propagation_) matrices_.emplace(name, product.matrix);
    if (propagation_ && propagation_->IsWriter(name)) continue;  // by the coded layers
    const size_t expert = name.find(".mlp.experts.");
    const bool is_down = name.find("down_proj") != std::string::npos;
    if (expert != std::string::npos && !is_down) {
      const auto router = group_of_.find(name.substr(0, expert) + ".mlp.gate.weight");
      if (router != group_of_.end()) group_of_.emplace(name, router->second);
      continue;
    }
    const auto is_same = [&](const model::Product& other) {
      return other.input == product.input && other.tokens.begin == product.tokens.begin;
    };
    const auto before = products.first(i);
    const auto first = std::ranges::find_if(before, is_same);
    if (first != before.end()) {
      if (const auto of_first = BoundName(engine_.model(), *first->matrix)) {
        group_of_.emplace(name, group_of_.at(*of_first));
        continue;
      }
    }
    const auto known = group_of_.find(name);
    Group& group =
        known == group_of_.end() ? AddGroup(name, Hessian(product.input->width())) : *known->second;
    const auto inputs = InputsOf(product);
    RequireFinite(inputs, name);
    group.hessian->Add(inputs, engine_.pool());
  }
}

void Calibration::RequireFinite(kernels::RowSpan<const float> inputs,
                                const std::string& matrix) const {
  for (size_t row = 0; row < inputs.rows; ++row) {
    if (std::ranges::all_of(inputs[row], [](float x) { return std::isfinite(x); })) continue;
    throw Error(ErrorCode::kNonFinite,
                fmt::format("layer {}, '{}', around token {} of the calibration text: want finite "
                            "inputs, got some that are not",
                            walk_.layer(), matrix, pass_begin_ + row));
  }
}

}  // namespace hlwq::calibrate
