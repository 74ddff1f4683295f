#include "model/attention_layer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kernels/vector_ops.h"
#include "model/workspace.h"

namespace hlwq::model {
namespace {

using kernels::kAttentionQueryTile;

size_t QueryTiles(const Segment& segment) noexcept {
  return (segment.size() + kAttentionQueryTile - 1) / kAttentionQueryTile;
}

}  // namespace

AttentionLayer::AttentionLayer(const AttentionConfig& config, AttentionWeights weights)
    : config_(config), weights_(std::move(weights)) {}

InputForms AttentionLayer::forms() const noexcept {
  return weights_.q.forms() | weights_.k.forms() | weights_.v.forms();
}

uint64_t AttentionLayer::bytes_per_token() const noexcept {
  return weights_.q.bytes() + weights_.k.bytes() + weights_.v.bytes() + weights_.o.bytes();
}

void AttentionLayer::Run(const Pass& pass) const {
  Workspace& work = pass.work;
  const auto times = [&](const Linear& linear, Rows& y) {
    return Times(linear, work.hidden, CountOf(pass), y.data.span(), y.width);
  };
  std::array products = {
      times(weights_.q, config_.has_output_gate ? work.gated_queries : work.queries),
      times(weights_.k, work.keys), times(weights_.v, work.values)};
  MultiplyAll(pass.pool, products);
  if (config_.has_output_gate) TakeQueriesApart(pass);
  RotateAndStore(pass);
  Attend(pass);
  ForEachToken(pass, [&](size_t token) {
    if (config_.has_output_gate) ApplyGate(work, token);
    work.attention.Seal(token, weights_.o.forms());
  });
  std::array output = {
      Times(weights_.o, work.attention, CountOf(pass), work.update.data.span(), work.update.width)};
  MultiplyAll(pass.pool, output);
}

// The queries of all heads to where attention looks for them; the gates stay.
void AttentionLayer::TakeQueriesApart(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  ForEachToken(pass, [&](size_t token) {
    for (size_t head = 0; head < config_.heads; ++head) {
      std::copy_n(work.gated_queries[token].data() + 2 * head * config_.head_dim, config_.head_dim,
                  work.queries[token].data() + head * config_.head_dim);
    }
  });
}

void AttentionLayer::ApplyGate(Workspace& work, size_t token) const noexcept {
  const size_t width = config_.head_dim;
  for (size_t head = 0; head < config_.heads; ++head) {
    kernels::SigmoidMul(work.gated_queries[token].subspan((2 * head + 1) * width, width),
                        work.attention.row(token).subspan(head * width, width));
  }
}

// Norms come before the rotation, and keys are stored after it.
void AttentionLayer::RotateAndStore(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  const auto each_head = [&](std::span<float> row, const Buffer<float>& norm, size_t token) {
    for (size_t begin = 0; begin < row.size(); begin += config_.head_dim) {
      const std::span<float> head = row.subspan(begin, config_.head_dim);
      if (norm.size() != 0) kernels::RmsNorm(head, norm.span(), config_.norm_epsilon, head);
      kernels::RotateHeads(work.cosines[token], work.sines[token], config_.head_dim, head);
    }
  };
  ForEachTokenOfSegments(pass, [&](size_t token, const Segment& segment, size_t offset) {
    each_head(work.queries[token], weights_.q_norm, token);
    each_head(work.keys[token], weights_.k_norm, token);
    segment.kv->Store(config_.layer, segment.kv->length() + offset, work.keys[token],
                      work.values[token]);
  });
}

void AttentionLayer::Attend(const Pass& pass) const noexcept {
  Workspace& work = pass.work;
  const size_t width = config_.heads * config_.head_dim;
  size_t tiles = 0;
  for (const Segment& segment : pass.segments) tiles += QueryTiles(segment);

  // A unit of work is one kv head of one tile of queries. Late tiles see more keys: they come first.
  pass.pool.ParallelFor(tiles * config_.kv_heads, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      const size_t kv_head = unit % config_.kv_heads;
      size_t tile = tiles - 1 - unit / config_.kv_heads;
      const Segment* segment = pass.segments.data();
      while (tile >= QueryTiles(*segment)) tile -= QueryTiles(*segment++);
      const kernels::AttentionProblem problem = {
          .heads = config_.heads,
          .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
          .window = config_.window,
          .first_position = segment->kv->length(),
          .queries = segment->size(),
          .q = work.queries[segment->begin].data(),
          .q_stride = width,
          .out = work.attention.row(segment->begin).data(),
          .out_stride = width};
      const size_t first = tile * kAttentionQueryTile;
      segment->kv->Attend(config_.layer, problem, kv_head, first,
                          std::min(first + kAttentionQueryTile, problem.queries));
    }
  });
}

}  // namespace hlwq::model
