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
  const TokenCount count = CountOf(pass);
  const TokenRange all = {0, pass.tokens};
  Rows& queries = config_.has_output_gate ? work.gated_queries : work.queries;
  std::array products = {Times(weights_.q, work.hidden, count, queries[all]),
                         Times(weights_.k, work.hidden, count, work.keys[all]),
                         Times(weights_.v, work.hidden, count, work.values[all])};
  Multiply(pass, products);
  ForTokenRanges(pass, [&](TokenRange tokens) {
    if (config_.has_output_gate) TakeQueriesApart(work, tokens);
    NormAndRotate(work, tokens);
    Store(pass, tokens);
  });
  CodePages(pass);
  Attend(pass);
  ForTokenRanges(pass, [&](TokenRange tokens) {
    if (config_.has_output_gate) ApplyGates(work, tokens);
    work.attention.Seal(tokens, weights_.o.forms());
  });
  std::array output = {Times(weights_.o, work.attention, count, work.update[all])};
  Multiply(pass, output);
}

// The queries of all heads to where attention looks for them; the gates stay.
void AttentionLayer::TakeQueriesApart(Workspace& work, TokenRange tokens) const noexcept {
  const auto queries = work.queries[tokens].Split(config_.head_dim);
  const auto gated = work.gated_queries[tokens].Split(2 * config_.head_dim);
  for (size_t head = 0; head < queries.rows; ++head) {
    std::copy_n(gated[head].begin(), config_.head_dim, queries[head].begin());
  }
}

void AttentionLayer::ApplyGates(Workspace& work, TokenRange tokens) const noexcept {
  const auto gated = work.gated_queries[tokens].Split(2 * config_.head_dim);
  kernels::SigmoidMul(gated.Columns(config_.head_dim, config_.head_dim),
                      work.attention[tokens].Split(config_.head_dim));
}

void AttentionLayer::NormAndRotate(Workspace& work, TokenRange tokens) const noexcept {
  const auto norm_and_rotate = [&](kernels::RowSpan<float> heads, const Buffer<float>& norm) {
    if (norm.size() != 0) kernels::RmsNorm(heads, norm.span(), config_.norm_epsilon, heads);
    kernels::RotateHeads(work.cosines[tokens], work.sines[tokens], config_.head_dim, heads);
  };
  norm_and_rotate(work.queries[tokens], weights_.q_norm);
  norm_and_rotate(work.keys[tokens], weights_.k_norm);
}

void AttentionLayer::Store(const Pass& pass, TokenRange tokens) const noexcept {
  ForEachSegment(pass, tokens, [&](const Segment& segment, TokenRange part) {
    segment.kv->Store(config_.layer, segment.kv->length() + part.begin - segment.begin,
                      pass.work.keys[part], pass.work.values[part]);
  });
}

void AttentionLayer::CodePages(const Pass& pass) const noexcept {
  size_t pages = 0;
  for (const Segment& segment : pass.segments) pages += segment.kv->PagesToCode(segment.size());
  if (pages == 0) return;
  pass.pool.ParallelFor(pages * config_.kv_heads, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      size_t page = unit / config_.kv_heads;
      const Segment* segment = pass.segments.data();
      while (page >= segment->kv->PagesToCode(segment->size())) {
        page -= segment->kv->PagesToCode(segment->size());
        ++segment;
      }
      segment->kv->Code(config_.layer, page, unit % config_.kv_heads);
    }
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
          .out = work.attention[{segment->begin, segment->end}].data,
          .out_stride = width};
      const size_t first = tile * kAttentionQueryTile;
      segment->kv->Attend(config_.layer, problem, kv_head, first,
                          std::min(first + kAttentionQueryTile, problem.queries));
    }
  });
}

}  // namespace hlwq::model
