#include "model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "kernels/vector_ops.h"
#include "model/architecture.h"
#include "model/layer_binder.h"
#include "model/mapped_experts.h"

namespace hlwq::model {

Model::Model(checkpoint::Checkpoint checkpoint)
    : weights_(std::move(checkpoint)),
      config_(WithContext(weights_.checkpoint().root.string() + ": config.json",
                          [&] { return ReadModelConfig(weights_.checkpoint().config); })),
      rope_(config_.rope) {
  embedding_ = weights_.Matrix(weights_.prefix() + ".embed_tokens");
  const Architecture* architecture = FindArchitecture(config_.model_type);
  for (size_t layer = 0; layer < config_.sizes.layers.size(); ++layer) {
    layers_.push_back(architecture->bind_layer(LayerBinder(config_, weights_, layer)));
  }
  final_norm_ = ReadNorm(weights_, config_, weights_.prefix() + ".norm.weight");
  // A head that is stored counts, also where config.json ties it to the embedding.
  if (weights_.Has("lm_head.weight") || !config_.is_tied) own_head_ = weights_.Matrix("lm_head");
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
  for (const Segment& segment : batch.segments) {
    HLWQ_DASSERT(segment.begin < segment.end && segment.end <= batch.tokens.size());
    const size_t tokens = segment.end - segment.begin;
    if (tokens > segment.kv->capacity() - segment.kv->length()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("want room for {} tokens after {}, but the context holds {}", tokens,
                              segment.kv->length(), segment.kv->capacity()));
    }
  }
}

void Model::Forward(const Batch& batch, Workspace& work, WorkerPool& pool, OnLogits on_logits,
                    std::optional<OnHidden> on_hidden) const {
  Check(batch, work);
  MappedExperts mapped(experts());
  Pass pass = {pool, work, batch.experts != nullptr ? *batch.experts : mapped, batch.segments,
               batch.tokens.size()};
  const std::span<const float> residual =
      work.residual.data.span().first(pass.tokens * work.residual.width);
  Embed(pass, batch.tokens);
  size_t index = 0;
  if (on_hidden) (*on_hidden)(index++, residual);
  for (const Layer& layer : layers_) {
    pass.next_layer = &layer == &layers_.back() ? nullptr : &layer + 1;
    RunBlock(pass, layer.mixer_norm.span(), *layer.mixer);
    RunBlock(pass, layer.feed_forward_norm.span(), *layer.feed_forward);
    if (on_hidden) (*on_hidden)(index++, residual);
  }
  ForEachToken(pass, [&](size_t token) {
    kernels::RmsNorm(work.residual[token], final_norm_.span(), config_.norm_epsilon,
                     work.update[token]);
  });
  if (on_hidden) (*on_hidden)(index, work.update.data.span().first(residual.size()));
  MakeLogits(pass, batch.logits_of, on_logits);
  weights_.CheckReadable();
}

void Model::Embed(const Pass& pass, std::span<const int32_t> tokens) const noexcept {
  for (const Segment& segment : pass.segments) {
    const size_t length = segment.kv->length();
    const size_t count = segment.end - segment.begin;
    for (size_t offset = 0; offset < count; ++offset) {
      const size_t token = segment.begin + offset;
      rope_.Angles(length + offset, length + count, pass.work.cosines[token],
                   pass.work.sines[token]);
    }
  }
  ForEachToken(pass, [&](size_t token) {
    embedding_.ReadRow(static_cast<size_t>(tokens[token]), pass.work.residual[token]);
  });
}

// residual += block(norm(residual)).
void Model::RunBlock(const Pass& pass, std::span<const float> norm, const Block& block) const {
  Workspace& work = pass.work;
  const InputForms forms = block.forms();
  ForEachToken(pass, [&](size_t token) {
    kernels::RmsNorm(work.residual[token], norm, config_.norm_epsilon, work.hidden.row(token));
    work.hidden.Seal(token, forms);
  });
  block.Run(pass);
  ForEachToken(pass, [&](size_t token) { kernels::Add(work.update[token], work.residual[token]); });
}

// From the normed residual in work.update.
void Model::MakeLogits(const Pass& pass, LogitsOf logits_of, OnLogits on_logits) const {
  Workspace& work = pass.work;
  std::array<size_t, Workspace::kMostLogitTokens> tokens;
  size_t count = 0;
  const auto flush = [&] {
    for (size_t i = 0; i < count; ++i) {
      const std::span<float> row = work.hidden.row(i);
      std::copy_n(work.update[tokens[i]].begin(), row.size(), row.begin());
      work.hidden.Seal(i, head().forms());
    }
    std::array product = {
        Times(head(), work.hidden, count, work.logits.data.span(), work.logits.width)};
    MultiplyAll(pass.pool, product);
    weights_.CheckReadable();
    for (size_t i = 0; i < count; ++i) on_logits(tokens[i], work.logits[i]);
    count = 0;
  };
  for (const Segment& segment : pass.segments) {
    if (logits_of == LogitsOf::kNone) return;
    const size_t first = logits_of == LogitsOf::kAll ? segment.begin : segment.end - 1;
    for (size_t token = first; token < segment.end; ++token) {
      tokens[count++] = token;
      if (count == work.logit_tokens()) flush();
    }
  }
  if (count != 0) flush();
}

}  // namespace hlwq::model
