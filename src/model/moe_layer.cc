#include "model/moe_layer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/vector_ops.h"
#include "model/expert_source.h"
#include "model/workspace.h"

namespace hlwq::model {
namespace {

void ForEachRow(const Pass& pass, size_t rows, FunctionRef<void(size_t row)> body) noexcept {
  pass.pool.ParallelFor(rows, 1, [&](size_t begin, size_t end, int) {
    for (size_t row = begin; row < end; ++row) body(row);
  });
}

}  // namespace

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
    RunShared(pass);  // while experts are being read
    for (auto ready = use.Next(); !ready.empty(); ready = use.Next()) RunExperts(pass, ready);
  }
  AddExperts(pass);
}

void MoeLayer::ChooseFor(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  const size_t experts = router_.shape().out;
  std::array products = {
      Times(router_, work.hidden, CountOf(pass), moe.logits.data.span(), moe.logits.width),
      Product{}};
  if (shared_) {
    products[1] = Times(shared_->gate, work.hidden, CountOf(pass),
                        moe.logits.data.span().subspan(experts), moe.logits.width);
  }
  MultiplyAll(pass.pool, std::span(products).first(shared_ ? 2 : 1));
  ForEachToken(pass, [&](size_t token) {
    ChooseExperts(moe.logits[token].first(experts), config_.has_top_k_norm,
                  std::span(moe.routes).subspan(token * config_.top_k, config_.top_k));
  });
  moe.groups.Set(std::span(moe.routes).first(pass.tokens * config_.top_k), config_.top_k);
}

// update = sigmoid(gate x) * shared(x), or zero.
void MoeLayer::RunShared(const Pass& pass) const {
  Workspace& work = pass.work;
  if (!shared_) {
    ForEachToken(pass, [&](size_t token) { std::ranges::fill(work.update[token], 0.0f); });
    return;
  }
  shared_->mlp.Run(pass);
  ForEachToken(pass, [&](size_t token) {
    const float factor = kernels::Sigmoid(work.moe.logits[token].back());
    for (float& value : work.update[token]) value *= factor;
  });
}

// In waves of whole experts.
void MoeLayer::RunExperts(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept {
  const MoeScratch& moe = pass.work.moe;
  const auto rows_of = [&](const ReadyExpert& expert) {
    return moe.groups.end(expert.index) - moe.groups.begin(expert.index);
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

// Of the rows of an expert, those of short segments: its rows are in the order of the tokens.
size_t MoeLayer::ShortTokens(const Pass& pass, const ReadyExpert& expert) noexcept {
  const ExpertGroups& groups = pass.work.moe.groups;
  const size_t begin = groups.begin(expert.index);
  size_t end = begin;
  while (end < groups.end(expert.index) && groups.token(end) < pass.short_tokens) ++end;
  return end - begin;
}

void MoeLayer::RunWave(const Pass& pass, std::span<const ReadyExpert> experts) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  // A single token's input serves all experts as it lies.
  const bool is_shared_input = pass.tokens == 1;
  const LinearInput& inputs = is_shared_input ? work.hidden : moe.inputs;
  const size_t width = moe.inner.gate.width;
  moe.products.clear();
  size_t rows = 0;
  for (const ReadyExpert& expert : experts) {
    const size_t begin = moe.groups.begin(expert.index);
    const size_t count = moe.groups.end(expert.index) - begin;
    for (size_t row = 0; row < count; ++row) {
      moe.input_tokens[rows + row] = static_cast<uint32_t>(moe.groups.token(begin + row));
    }
    Product product = {.matrix = &expert.matrices.gate,
                       .input = &inputs,
                       .tokens = {rows, rows + count},
                       .short_tokens = ShortTokens(pass, expert),
                       .y = moe.inner.gate.data.span().subspan(rows * width),
                       .stride = width};
    if (is_shared_input) product.tokens = {0, 1};
    moe.products.push_back(product);
    product.matrix = &expert.matrices.up;
    product.y = moe.inner.inner.rows().subspan(rows * width);
    moe.products.push_back(product);
    rows += count;
  }
  if (!is_shared_input) {
    ForEachRow(pass, rows, [&](size_t row) {
      moe.inputs.CopySealed(row, work.hidden, moe.input_tokens[row], config_.gate_up_forms);
    });
  }
  MultiplyAll(pass.pool, moe.products);
  ForEachRow(pass, rows, [&](size_t row) { moe.inner.Activate(row, config_.down_forms); });

  moe.products.clear();
  rows = 0;
  for (const ReadyExpert& expert : experts) {
    const size_t begin = moe.groups.begin(expert.index);
    const size_t count = moe.groups.end(expert.index) - begin;
    moe.products.push_back({.matrix = &expert.matrices.down,
                            .input = &moe.inner.inner,
                            .tokens = {rows, rows + count},
                            .short_tokens = ShortTokens(pass, expert),
                            .y = moe.outputs.data.span().subspan(begin * moe.outputs.width),
                            .stride = moe.outputs.width});
    rows += count;
  }
  MultiplyAll(pass.pool, moe.products);
}

void MoeLayer::AddExperts(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  ForEachToken(pass, [&](size_t token) {
    for (size_t choice = token * config_.top_k; choice < (token + 1) * config_.top_k; ++choice) {
      const kernels::WeightedRow term = {static_cast<uint32_t>(moe.groups.row(choice)),
                                         moe.routes[choice].weight};
      kernels::AddWeighted(moe.outputs[{0, pass.tokens * config_.top_k}], {&term, 1},
                           work.update[token]);
    }
  });
}

void MoeLayer::Anticipate(const Pass& pass, std::span<const float> norm) const noexcept {
  Workspace& work = pass.work;
  MoeScratch& moe = work.moe;
  kernels::RmsNorm(work.residual[0], norm, config_.norm_epsilon, moe.guess.row(0));
  moe.guess.Seal(0, router_.forms());
  // The logits of this pass are used up but for the last, which the shared expert waits for.
  const size_t experts = router_.shape().out;
  std::array products = {
      Times(router_, moe.guess, {1, 1}, moe.logits.data.span(), moe.logits.width)};
  MultiplyAll(pass.pool, products);
  ChooseExperts(moe.logits[0].first(experts), config_.has_top_k_norm, moe.guessed);
  moe.guessed_experts.clear();
  for (const Route& route : moe.guessed) moe.guessed_experts.push_back(route.expert);
  pass.experts.Prefetch(config_.layer, moe.guessed_experts);
}

}  // namespace hlwq::model
