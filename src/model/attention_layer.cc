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

// Units of work for each thread that share it well.
constexpr size_t kUnitsOfThread = 4;

kernels::AttentionSpans SpansOf(const kernels::AttentionProblem& problem) noexcept {
  return problem.SpansOf(0, problem.queries);
}

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

kernels::AttentionProblem AttentionLayer::ProblemOf(Workspace& work,
                                                    const Segment& segment) const noexcept {
  const size_t width = config_.heads * config_.head_dim;
  return {.heads = config_.heads,
          .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
          .window = config_.window,
          .first_position = segment.kv->length(),
          .queries = segment.size(),
          .q = work.queries[segment.begin].data(),
          .q_stride = width,
          .out = work.attention[{segment.begin, segment.end}].data,
          .out_stride = width};
}

void AttentionLayer::Attend(const Pass& pass) const {
  size_t tiles = 0;
  bool are_short = true, have_spans = false;
  for (const Segment& segment : pass.segments) {
    tiles += QueryTiles(segment);
    are_short = are_short && segment.size() <= kAttentionQueryTile;
    have_spans = have_spans || SpansOf(ProblemOf(pass.work, segment)).count() > 1;
  }
  // Few heads would leave threads without work, or with unequal shares of it.
  const auto threads = static_cast<size_t>(pass.pool.threads());
  if (are_short && have_spans && threads > 1 &&
      tiles * config_.kv_heads < kUnitsOfThread * threads) {
    return AttendInSpans(pass);
  }
  // A unit of work is one kv head of one tile of queries. Late tiles see more keys: they come first.
  pass.pool.ParallelFor(tiles * config_.kv_heads, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      const size_t kv_head = unit % config_.kv_heads;
      size_t tile = tiles - 1 - unit / config_.kv_heads;
      const Segment* segment = pass.segments.data();
      while (tile >= QueryTiles(*segment)) tile -= QueryTiles(*segment++);
      const kernels::AttentionProblem problem = ProblemOf(pass.work, *segment);
      const size_t first = tile * kAttentionQueryTile;
      segment->kv->Attend(config_.layer, problem, kv_head, first,
                          std::min(first + kAttentionQueryTile, problem.queries));
    }
  });
}

// A unit of work is one span of positions of one kv head, for all queries of a segment.
void AttentionLayer::AttendInSpans(const Pass& pass) const {
  Workspace& work = pass.work;
  const size_t part_floats = kernels::kAttentionPartFloats + config_.head_dim;
  size_t units = 0, parts = 0;
  for (const Segment& segment : pass.segments) {
    const size_t spans = SpansOf(ProblemOf(work, segment)).count();
    units += spans * config_.kv_heads;
    parts += spans * config_.heads * segment.size();
  }
  work.ReserveAttentionParts(parts * part_floats);
  // Calls body(segment, its problem, its parts, number in it) for one of the things that every segment has
  // `count(problem)` of.
  const auto find = [&](size_t number, const auto& count, const auto& body) {
    float* at = work.attention_parts.data();
    for (const Segment& segment : pass.segments) {
      const kernels::AttentionProblem problem = ProblemOf(work, segment);
      if (number < count(problem)) return body(segment, problem, at, number);
      number -= count(problem);
      at += SpansOf(problem).count() * config_.heads * segment.size() * part_floats;
    }
  };
  pass.pool.ParallelFor(units, 1, [&](size_t begin, size_t end, int) {
    for (size_t unit = begin; unit < end; ++unit) {
      find(
          unit, [&](const auto& problem) { return SpansOf(problem).count() * config_.kv_heads; },
          [&](const Segment& segment, const auto& problem, float* at, size_t number) {
            segment.kv->AttendSpan(config_.layer, problem, number % config_.kv_heads,
                                   SpansOf(problem).first + number / config_.kv_heads, at);
          });
    }
  });
  // Few: not worth another region of threads.
  for (size_t token = 0; token < pass.tokens; ++token) {
    find(
        token, [](const auto& problem) { return problem.queries; },
        [&](const Segment&, const auto& problem, const float* at, size_t query) {
          for (size_t head = 0; head < config_.heads; ++head) {
            kernels::MergeSpans(problem, at, config_.head_dim, query, head);
          }
        });
  }
}

}  // namespace hlwq::model
