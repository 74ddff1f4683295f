#include "model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "checkpoint/foreign_codes.h"
#include "kernels/vector_ops.h"
#include "model/decoder_layer.h"
#include "model/layer_binder.h"
#include "model/mapped_experts.h"

namespace hlwq::model {

Model::Model(checkpoint::Checkpoint checkpoint, ModelOptions options)
    : weights_(std::move(checkpoint), options),
      config_(WithContext(weights_.checkpoint().root.string() + ": config.json",
                          [&] { return ReadModelConfig(weights_.checkpoint().config); })),
      rope_(config_.rope) {
  checkpoint::RefuseForeignCodes(weights_.checkpoint());
  // A head that is stored counts, also where config.json ties it to the embedding.
  const bool has_head = weights_.Has("lm_head.weight") || !config_.is_tied;
  embedding_ = weights_.Matrix(weights_.scope() + "embed_tokens",
                               has_head ? Weights::Use::kRows : Weights::Use::kProducts);
  for (size_t layer = 0; layer < config_.sizes.layers.size(); ++layer) {
    layers_.push_back(BindDecoderLayer(LayerBinder(config_, weights_, layer)));
  }
  final_norm_ = ReadNorm(weights_, config_, weights_.scope() + "norm.weight");
  if (has_head) own_head_ = weights_.Matrix("lm_head");
}

uint64_t Model::bytes_per_token() const noexcept {
  uint64_t bytes = head().bytes() + embedding_.row_bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.mixer->bytes_per_token() + layer.feed_forward->bytes_per_token();
  }
  return bytes;
}

uint64_t Model::dense_bytes() const noexcept {
  uint64_t bytes = head().bytes() + embedding_.row_bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.mixer->dense_bytes() + layer.feed_forward->dense_bytes();
  }
  return bytes;
}

void Model::CheckTokens(std::span<const int32_t> tokens) const {
  for (const int32_t token : tokens) {
    if (token < 0 || static_cast<uint64_t>(token) >= config_.sizes.vocab) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("token {}: want an id below {}", token, config_.sizes.vocab));
    }
  }
}

void Model::CheckPrompt(std::span<const int32_t> tokens) const {
  CheckTokens(tokens);
  for (const int32_t token : tokens) {
    for (const PlaceholderToken& placeholder : config_.placeholders) {
      if (token != placeholder.id) continue;
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("token {} stands for {}: only the text part of this model is run",
                              token, placeholder.what));
    }
  }
}

void Model::Check(const Batch& batch, const Workspace& work) const {
  if (batch.tokens.size() > work.max_tokens()) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("want at most {} tokens in a pass, got {}",
                                                         work.max_tokens(), batch.tokens.size()));
  }
  CheckTokens(batch.tokens);
  [[maybe_unused]] bool was_long = false;
  for (const Segment& segment : batch.segments) {
    HLWQ_DASSERT(segment.begin < segment.end && segment.end <= batch.tokens.size());
    const size_t tokens = segment.size();
    HLWQ_DASSERT(tokens > kShortSegment || !was_long);
    was_long = tokens > kShortSegment;
    if (tokens > segment.kv->capacity() - segment.kv->length()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("want room for {} tokens after {}, but the context holds {}", tokens,
                              segment.kv->length(), segment.kv->capacity()));
    }
  }
}

void Model::Forward(const Batch& batch, Workspace& work, WorkerPool& pool, OnLogits on_logits,
                    std::optional<OnHidden> on_hidden) const {
  Run(batch, {.begin = 0, .end = layers_.size(), .from = {}, .to = {}}, work, pool, on_logits,
      on_hidden);
}

void Model::ForwardLayers(const Batch& batch, const LayerRange& layers, Workspace& work,
                          WorkerPool& pool, OnLogits on_logits,
                          std::optional<OnHidden> on_hidden) const {
  HLWQ_DASSERT(layers.begin <= layers.end && layers.end <= layers_.size());
  [[maybe_unused]] const size_t size = batch.tokens.size() * work.residual.width;
  HLWQ_DASSERT(layers.from.empty() || layers.from.size() == size);
  HLWQ_DASSERT(layers.to.empty() || layers.to.size() == size);
  Run(batch, layers, work, pool, on_logits, on_hidden);
}

void Model::Run(const Batch& batch, const LayerRange& layers, Workspace& work, WorkerPool& pool,
                OnLogits on_logits, std::optional<OnHidden> on_hidden) const {
  Check(batch, work);
  MappedExperts mapped(experts());
  Pass pass = {.pool = pool,
               .work = work,
               .experts = batch.experts != nullptr ? *batch.experts : mapped,
               .segments = batch.segments,
               .tokens = batch.tokens.size(),
               .short_tokens = 0,
               .segment_of = std::span(work.segment_of).first(batch.tokens.size()),
               .on_products = batch.on_products};
  for (const Segment& segment : batch.segments) {
    if (segment.size() <= kShortSegment) pass.short_tokens = segment.end;
    const auto index = static_cast<uint32_t>(&segment - batch.segments.data());
    std::fill_n(work.segment_of.begin() + static_cast<ptrdiff_t>(segment.begin), segment.size(),
                index);
  }
  const std::span<float> residual =
      work.residual.data.span().first(pass.tokens * work.residual.width);
  Embed(pass, batch.tokens);
  if (!layers.from.empty()) std::ranges::copy(layers.from, residual.begin());
  size_t index = 0;
  if (on_hidden) (*on_hidden)(index++, residual);
  for (const Layer& layer : std::span(layers_).subspan(layers.begin, layers.end - layers.begin)) {
    pass.next_layer = &layer == &layers_.back() ? nullptr : &layer + 1;
    RunBlock(pass, layer.mixer_norm.span(), *layer.mixer);
    if (batch.on_mixed) (*batch.on_mixed)(residual);
    RunBlock(pass, layer.feed_forward_norm.span(), *layer.feed_forward);
    if (on_hidden) (*on_hidden)(index++, residual);
  }
  if (!layers.to.empty()) {
    weights_.CheckReadable();
    std::ranges::copy(residual, layers.to.begin());
    return;
  }
  ForTokenRanges(pass, [&](TokenRange tokens) {
    kernels::RmsNorm(work.residual[tokens], final_norm_.span(), config_.norm_epsilon,
                     work.update[tokens]);
  });
  if (on_hidden) (*on_hidden)(index, work.update.data.span().first(residual.size()));
  MakeLogits(pass, on_logits);
  weights_.CheckReadable();
}

void Model::Embed(const Pass& pass, std::span<const int32_t> tokens) const noexcept {
  Workspace& work = pass.work;
  ForTokenRanges(pass, [&](TokenRange range) {
    ForEachSegment(pass, range, [&](const Segment& segment, TokenRange part) {
      const size_t length = segment.kv->length();
      rope_.Angles(length + part.begin - segment.begin, length + segment.size(), work.cosines[part],
                   work.sines[part]);
    });
    for (size_t token = range.begin; token < range.end; ++token) {
      embedding_.ReadRow(static_cast<size_t>(tokens[token]), work.residual[token]);
    }
  });
}

// residual += block(norm(residual)).
void Model::RunBlock(const Pass& pass, std::span<const float> norm, const Block& block) const {
  Workspace& work = pass.work;
  const InputForms forms = block.forms();
  ForTokenRanges(pass, [&](TokenRange tokens) {
    kernels::RmsNorm(work.residual[tokens], norm, config_.norm_epsilon, work.hidden[tokens]);
    work.hidden.Seal(tokens, forms);
  });
  block.Run(pass);
  ForTokenRanges(
      pass, [&](TokenRange tokens) { kernels::Add(work.update[tokens], work.residual[tokens]); });
}

// From the normed residual in work.update. A single token of a long segment counts as a short one.
void Model::MakeLogits(const Pass& pass, OnLogits on_logits) const {
  std::array<size_t, Workspace::kMostLogitTokens> tokens;
  for (const bool is_short : {true, false}) {
    size_t count = 0;
    const auto flush = [&] {
      if (count != 0) MakeLogitsOf(pass, std::span(tokens).first(count), is_short, on_logits);
      count = 0;
    };
    for (const Segment& segment : pass.segments) {
      if (segment.logits_of == LogitsOf::kNone) continue;
      const bool is_all = segment.logits_of == LogitsOf::kAll;
      if (is_short == (is_all && segment.size() > kShortSegment)) continue;
      for (size_t token = is_all ? segment.begin : segment.end - 1; token < segment.end; ++token) {
        tokens[count++] = token;
        if (count == pass.work.logit_tokens()) flush();
      }
    }
    flush();
  }
}

void Model::MakeLogitsOf(const Pass& pass, std::span<const size_t> tokens, bool is_short,
                         OnLogits on_logits) const {
  Workspace& work = pass.work;
  const TokenRange all = {0, tokens.size()};
  const kernels::RowSpan<float> inputs = work.hidden[all];
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::ranges::copy(work.update[tokens[i]], inputs[i].begin());
  }
  work.hidden.Seal(all, head().forms());
  std::array product = {
      Times(head(), work.hidden, {all.end, is_short ? all.end : 0}, work.logits[all])};
  MultiplyAll(pass.pool, product);
  weights_.CheckReadable();
  for (size_t i = 0; i < tokens.size(); ++i) on_logits(tokens[i], work.logits[i]);
}

}  // namespace hlwq::model
