#include "model/moe_layer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/vector_ops.h"
#include "model/expert_source.h"
#include "model/workspace.h"

namespace hlwq::model {
MoeLayer::MoeLayer(const MoeConfig& config, Linear router, std::optional<SharedExpert> shared)
    : config_(config), router_(std::move(router)), shared_(std::move(shared)) {}

InputForms MoeLayer::forms() const noexcept {
  const InputForms forms = router_.forms() | config_.gate_up_forms;
  return shared_ ? forms | shared_->mlp.forms() | shared_->gate.forms() : forms;
}

uint64_t MoeLayer::bytes_per_token() const noexcept {
  return dense_bytes() + config_.top_k * config_.expert_bytes;
}

uint64_t MoeLayer::dense_bytes() const noexcept {
  const uint64_t bytes = router_.bytes();
  return shared_ ? bytes + shared_->mlp.bytes_per_token() + shared_->gate.bytes() : bytes;
}

void MoeLayer::Run(const Pass& pass) const {
  MoeScratch& moe = pass.work.moe;
  ChooseFor(pass);
  moe.request.layer = config_.layer;
  moe.request.tokens = pass.tokens;
  moe.request.experts.assign(moe.groups.experts().begin(), moe.groups.experts().end());
  {
    ExpertUse use(pass.experts, moe.request);
    if (pass.tokens == 1 && pass.next_layer != nullptr && pass.experts.wants_predictions()) {
      pass.next_layer->feed_forward->Anticipate(pass, pass.next_layer->feed_forward_norm.span());
    }
    if (shared_) shared_->mlp.Run(pass);  // while experts are being read
    for (auto ready = use.Next(); !ready.empty(); ready = use.Next()) RunExperts(pass, ready);
  }
  AddExperts(pass);
}

void MoeLayer::ChooseFor(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  const size_t experts = router_.shape().out;
  const TokenCount count = CountOf(pass);
  const kernels::RowSpan<float> logits = moe.logits[{0, pass.tokens}];
  std::array products = {Times(router_, work.hidden, count, logits.Columns(0, experts)), Product{}};
  if (shared_) {
    products[1] = Times(shared_->gate, work.hidden, count, logits.Columns(experts, 1));
  }
  Multiply(pass, std::span(products).first(shared_ ? 2 : 1));
  ForTokenRanges(pass, [&](TokenRange tokens) {
    for (size_t token = tokens.begin; token < tokens.end; ++token) {
      ChooseExperts(logits[token].first(experts), config_.has_top_k_norm,
                    std::span(moe.routes).subspan(token * config_.top_k, config_.top_k));
    }
  });
  moe.groups.Set(std::span(moe.routes).first(pass.tokens * config_.top_k), config_.top_k);
}

// In waves of whole experts.
void MoeLayer::RunExperts(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept {
  const MoeScratch& moe = pass.work.moe;
  const auto rows_of = [&](const ReadyExpert& expert) {
    return moe.groups.rows(expert.index).size();
  };
  for (size_t first = 0; first < experts.size();) {
    size_t last = first;
    size_t rows = 0;
    while (last < experts.size() && rows + rows_of(experts[last]) <= moe.wave_rows()) {
      rows += rows_of(experts[last++]);
    }
    RunWave(pass, experts.subspan(first, last - first));
    first = last;
  }
}

void MoeLayer::RunWave(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  // A single token's input serves all experts as it lies.
  const bool is_shared_input = pass.tokens == 1;
  moe.products.clear();
  size_t rows = 0;
  for (const ReadyExpert& expert : experts) {
    const std::span<const uint32_t> tokens = moe.groups.tokens(expert.index);
    const TokenRange place = {rows, rows + tokens.size()};
    std::ranges::copy(tokens, moe.input_tokens.begin() + static_cast<ptrdiff_t>(rows));
    const auto shorts = std::ranges::lower_bound(tokens, pass.short_tokens) - tokens.begin();
    Product product = {.matrix = &expert.matrices.gate,
                       .input = is_shared_input ? &work.hidden : &moe.inputs,
                       .tokens = is_shared_input ? TokenRange{0, 1} : place,
                       .short_tokens = static_cast<size_t>(shorts),
                       .y = moe.inner.gate[place]};
    moe.products.push_back(product);
    product.matrix = &expert.matrices.up;
    product.y = moe.inner.inner[place];
    moe.products.push_back(product);
    rows = place.end;
  }
  if (!is_shared_input) {
    ForTokenRanges(pass.pool, rows, [&](TokenRange range) {
      moe.inputs.CopySealed(range, work.hidden, std::span(moe.input_tokens).subspan(range.begin),
                            config_.gate_up_forms);
    });
  }
  Multiply(pass, moe.products);
  ForTokenRanges(pass.pool, rows,
                 [&](TokenRange range) { moe.inner.Activate(range, config_.down_forms); });

  // The products of the gates make room for those of the down matrices.
  rows = 0;
  for (size_t index = 0; index < experts.size(); ++index) {
    const TokenRange group = moe.groups.rows(experts[index].index);
    moe.products[index] = {.matrix = &experts[index].matrices.down,
                           .input = &moe.inner.inner,
                           .tokens = {rows, rows + group.size()},
                           .short_tokens = moe.products[2 * index].short_tokens,
                           .y = moe.outputs[group]};
    rows += group.size();
  }
  Multiply(pass, std::span(moe.products).first(experts.size()));
}

// update = sigmoid(gate x) * shared(x), or zero, and the weighted outputs of the experts.
void MoeLayer::AddExperts(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  const kernels::RowSpan<float> outputs = moe.outputs[{0, pass.tokens * config_.top_k}];
  ForTokenRanges(pass, [&](TokenRange tokens) {
    const kernels::RowSpan<float> update = work.update[tokens];
    if (shared_) {
      kernels::GateRows(moe.logits[tokens].Columns(router_.shape().out, 1), update);
    } else {
      std::ranges::fill(std::span(update.data, update.rows * update.width), 0.0f);
    }
    kernels::AddWeighted(outputs, moe.groups.terms(tokens), update);
  });
}

void MoeLayer::Anticipate(const Pass& pass, std::span<const float> norm) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  kernels::RmsNorm(work.residual[0], norm, config_.norm_epsilon, moe.guess[{0, 1}]);
  moe.guess.Seal({0, 1}, router_.forms());
  // The logits of this pass are used up but for the last, which the shared expert waits for.
  const size_t experts = router_.shape().out;
  const std::span<float> logits = moe.logits[0].first(experts);
  std::array products = {Times(router_, moe.guess, {1, 1}, logits)};
  MultiplyAll(pass.pool, products);
  ChooseExperts(logits, config_.has_top_k_norm, moe.guessed);
  moe.guessed_experts.clear();
  for (const Route& route : moe.guessed) moe.guessed_experts.push_back(route.expert);
  pass.experts.Prefetch(config_.layer, moe.guessed_experts);
}

}  // namespace hlwq::model
