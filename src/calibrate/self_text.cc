#include "calibrate/self_text.h"

#include <algorithm>
#include <exception>
#include <span>

#include "base/checked.h"
#include "base/memory_limit.h"
#include "base/random.h"
#include "model/recurrent_state.h"
#include "runtime/kv_pages.h"
#include "runtime/sampler.h"
#include "runtime/sequence.h"

namespace hlwq::calibrate {
namespace {

using runtime::TokenId;

constexpr DType kKvType = DType::kF16;

// Sequences are written many at a time, so that weights are read once for all of them, as far as what is remembered
// of them finds room.
constexpr size_t kMostAtOnce = 64;
constexpr uint64_t kLeastStateBytes = 512u << 20;
constexpr uint64_t kMostStateBytes = uint64_t{8} << 30;

size_t AtOnce(const runtime::Engine& engine, size_t length) {
  const uint64_t bytes = runtime::KvLayout(engine.config(), kKvType).Bytes(length) +
                         model::RecurrentState::Bytes(engine.config());
  const uint64_t room =
      std::clamp(ReadMemoryLimit().available_bytes / 4, kLeastStateBytes, kMostStateBytes);
  return std::clamp<uint64_t>(room / bytes, 1, kMostAtOnce);
}

// A token that a prompt may hold.
TokenId RandomToken(const runtime::Engine& engine, uint64_t seed) {
  for (;; seed = MixBits(seed)) {
    const auto token = static_cast<TokenId>(seed % engine.config().sizes.vocab);
    const auto is_placeholder = [&](const auto& placeholder) { return placeholder.id == token; };
    if (!std::ranges::any_of(engine.config().placeholders, is_placeholder)) return token;
  }
}

// One sequence in the making.
struct Writer {
  runtime::Sequence sequence;
  runtime::Sampler sampler;
  std::vector<float> logits;  // of its last token, where one is wanted after it
};

// Gives each sequence its next token; throws as the first of their samplers.
void Choose(std::span<Writer> writers, WorkerPool& pool) {
  std::vector<std::exception_ptr> errors(writers.size());
  pool.ParallelFor(writers.size(), 1, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      if (writers[i].logits.empty()) continue;
      try {
        writers[i].sequence.Append(writers[i].sampler.Sample(writers[i].logits));
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace

TokenSequences WriteSelfText(runtime::Engine& engine, const SelfTextOptions& options) {
  const size_t length = std::max<size_t>(2, options.sequence_tokens);
  const size_t count = CeilDiv(std::max<size_t>(1, options.tokens), length);
  TokenSequences written;
  const size_t at_once = AtOnce(engine, length);
  TokenProgress progress{.tokens_total = count * length};
  while (written.size() < count) {
    const size_t first = written.size(), some = std::min(at_once, count - first);
    std::vector<Writer> writers;
    writers.reserve(some);
    for (size_t i = 0; i < some; ++i) {
      const uint64_t seed = MixBits(options.seed ^ MixBits(first + i));
      runtime::SamplerOptions sampler = {
          .temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0, .seed = seed};
      std::vector<TokenId> start;
      if (!options.starts.empty()) start = options.starts[(first + i) % options.starts.size()];
      if (start.empty()) start = {RandomToken(engine, seed)};
      start.resize(std::min(start.size(), length - 1));
      writers.push_back({runtime::Sequence(engine, {.format = kKvType, .capacity = length}),
                         runtime::Sampler(sampler, engine.config().sizes.vocab),
                         {}});
      writers.back().sequence.Want(start);
    }
    std::vector<runtime::Work> work(some);
    bool is_done = false;
    while (!is_done) {
      is_done = true;
      for (size_t i = 0; i < some; ++i) {
        runtime::Sequence& sequence = writers[i].sequence;
        work[i] = sequence.is_full() && sequence.pending().size() <= 1
                      ? runtime::Work()
                      : sequence.Next(engine.chunk_tokens());
        is_done &= work[i].tokens.empty();
      }
      for (Writer& writer : writers) writer.logits.clear();
      engine.Step(work, [&](size_t i, size_t, std::span<const float> logits) {
        if (!writers[i].sequence.is_full()) writers[i].logits.assign(logits.begin(), logits.end());
      });
      Choose(writers, engine.pool());
      progress.tokens_done += static_cast<size_t>(
          std::ranges::count_if(writers, [](const Writer& w) { return !w.logits.empty(); }));
      if (options.progress) options.progress(progress);
    }
    for (const Writer& writer : writers) {
      std::vector<TokenId>& sequence = written.emplace_back();
      const auto held = writer.sequence.tokens(), pending = writer.sequence.pending();
      sequence.assign(held.begin(), held.end());
      sequence.insert(sequence.end(), pending.begin(), pending.end());
    }
    progress.tokens_done = written.size() * length;  // with the starts
    if (options.progress) options.progress(progress);
  }
  return written;
}

}  // namespace hlwq::calibrate
