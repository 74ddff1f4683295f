#include "calibrate/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "calibrate/factor.h"
#include "convert/matrices.h"

namespace hlwq::calibrate {

struct Calibration::Group {
  explicit Group(size_t columns) : hessian(std::in_place, columns) {}

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

// Of a fused tensor the slice, as the conversion names it.
std::string NameOf(const model::BoundRows& bound) {
  const convert::TensorMatrices matrices = convert::MatricesOf(bound.entry->shape);
  return convert::MatrixName(bound.entry->name, bound.entry->shape,
                             bound.first / matrices.matrix.out);
}

}  // namespace

Calibration::Calibration(runtime::Engine& engine, TokenSequences sequences,
                         CalibrationOptions options)
    : engine_(engine),
      sequences_(std::move(sequences)),
      options_(std::move(options)),
      walk_(engine, sequences_, options_.scratch) {
  for (const auto& sequence : sequences_) tokens_ += sequence.size();
}

Calibration::~Calibration() = default;

std::shared_ptr<const codec::Feedback> Calibration::For(const std::string& matrix, size_t layer,
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
    return nullptr;
  }
  Group& group = *found->second;
  const std::string codec_name = codec::DescribeSpec(codec.spec()).name;
  if (group.hessian) {
    WorkerPool& pool = engine_.pool();
    const size_t columns = group.hessian->columns();
    // Few tokens do not say how columns depend on each other: what they say counts less.
    const double few = static_cast<double>(columns) /
                       static_cast<double>(std::max<uint64_t>(1, group.hessian->tokens()));
    Buffer<float> hessian = group.hessian->TakeNormalised();
    group.hessian.reset();
    hessian = InFeedbackBasis(std::move(hessian), columns, codec, pool);
    const auto wide = static_cast<size_t>(codec.FeedbackColumns(columns));
    const ColumnOrder order =
        codec.takes_any_order() ? ColumnOrder::kLargestFirst : ColumnOrder::kAsTheyLie;
    group.feedback =
        FactorFeedback(std::move(hessian), wide, options_.damping * (1 + few), order, pool);
    group.codec = codec_name;
  }
  if (group.codec != codec_name) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'{}': want codec {}, as '{}' with the same inputs, got {}", matrix,
                            group.codec, group.name, codec_name));
  }
  if (group.feedback == nullptr && without_++ == 0) first_without_ = matrix;
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
  groups_.push_back(std::make_unique<Group>(hidden));
  Group& group = *groups_.back();
  group.name = matrix;
  group_of_[matrix] = &group;
  pass_begin_ = 0;
  walk_.ToHead([&](std::span<const float> inputs) {
    const kernels::RowSpan<const float> rows(inputs, hidden);
    RequireFinite(rows, matrix);
    group.hessian->Add(rows, engine_.pool());
    pass_begin_ += rows.rows;
  });
  CheckSums();
}

void Calibration::GoTo(size_t layer) {
  while (walk_.layer() <= layer) {
    groups_.clear();
    group_of_.clear();
    pass_begin_ = 0;
    const bool is_wanted = walk_.layer() == layer;
    const auto collect = [&](std::span<const model::Product> products) { Collect(products); };
    const auto on_pass = [&](size_t tokens) {
      pass_begin_ += tokens;
      if (options_.progress) {
        options_.progress(walk_.layer(), {.tokens_done = pass_begin_, .tokens_total = tokens_});
      }
    };
    if (is_wanted) {
      walk_.Next(model::OnProducts(collect), on_pass);
    } else {
      walk_.Next(std::nullopt, on_pass);
    }
  }
  CheckSums();
}

void Calibration::CheckSums() const {
  for (const auto& group : groups_) {
    if (group->hessian->is_finite()) continue;
    throw Error(ErrorCode::kNonFinite,
                fmt::format("'{}': want inputs whose squares float32 can hold", group->name));
  }
}

// Products with one input make a group. Experts are apart: what their gates and ups read is what the router
// reads, whose Hessian all of them share.
void Calibration::Collect(std::span<const model::Product> products) {
  for (size_t i = 0; i < products.size(); ++i) {
    const model::Product& product = products[i];
    const auto bound = engine_.model().BoundTo(*product.matrix);
    if (!bound || product.tokens.size() == 0) continue;
    std::string name = NameOf(*bound);
    const size_t expert = name.find(".mlp.experts.");
    const bool is_down = name.find("down_proj") != std::string::npos;
    if (expert != std::string::npos && !is_down) {
      const auto router = group_of_.find(name.substr(0, expert) + ".mlp.gate.weight");
      if (router != group_of_.end()) group_of_.emplace(std::move(name), router->second);
      continue;
    }
    const auto is_same = [&](const model::Product& other) {
      return other.input == product.input && other.tokens.begin == product.tokens.begin;
    };
    const auto before = products.first(i);
    const auto first = std::ranges::find_if(before, is_same);
    if (first != before.end()) {
      if (const auto first_bound = engine_.model().BoundTo(*first->matrix)) {
        group_of_.emplace(std::move(name), group_of_.at(NameOf(*first_bound)));
        continue;
      }
    }
    Group*& group = group_of_[name];
    if (group == nullptr) {
      groups_.push_back(std::make_unique<Group>(product.input->width()));
      group = groups_.back().get();
      group->name = name;
    }
    const auto inputs = InputsOf(product);
    RequireFinite(inputs, name);
    group->hessian->Add(inputs, engine_.pool());
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
