#include "runtime/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

using ExpertList = std::vector<model::ExpertMatrices>;

constexpr uint64_t kWorkspaceBytes = 32u << 20;
// A pass over a mixture reads most of its experts, however few tokens it has.
constexpr uint64_t kMixtureWorkspaceBytes = 256u << 20;
constexpr size_t kMostChunkTokens = 512;
constexpr size_t kLeastChunkTokens = 32;

size_t ChunkTokens(const model::ModelConfig& config, size_t wanted) {
  if (wanted != 0) return wanted;
  const uint64_t most = config.sizes.experts > 0 ? kMixtureWorkspaceBytes : kWorkspaceBytes;
  size_t tokens = kMostChunkTokens;
  while (tokens > kLeastChunkTokens && model::Workspace::Bytes(config, tokens) > most) {
    tokens /= 2;
  }
  return tokens;
}

}  // namespace

Engine::Engine(const std::filesystem::path& path, const EngineOptions& options)
    : Engine(checkpoint::OpenCheckpoint(path), options) {}

Engine::Engine(checkpoint::Checkpoint checkpoint, const EngineOptions& options)
    : model_(std::move(checkpoint)),
      pool_(std::make_unique<WorkerPool>(options.threads)),
      chunk_tokens_(ChunkTokens(model_.config(), options.chunk_tokens)) {}

void Engine::SetThreads(int threads) { pool_ = std::make_unique<WorkerPool>(threads); }

void Engine::CacheExperts(const ExpertCacheOptions& options) {
  auto cache = std::make_unique<ExpertCache>(
      model_.experts(), model_.checkpoint().files,
      [&](std::span<const std::byte> bytes) { return model_.RangeOf(bytes); }, options);
  expert_cache_ = std::move(cache);
}

void Engine::TraceExperts(const std::filesystem::path& path) {
  const checkpoint::TextConfig& sizes = config().sizes;
  const auto first = std::ranges::find_if(model_.experts(), std::not_fn(&ExpertList::empty));
  const ExpertTraceHeader header = {
      .model = config().model_type,
      .layers = sizes.layers.size(),
      .experts = sizes.experts,
      .top_k = sizes.top_k,
      .expert_bytes = first == model_.experts().end() ? 0 : model::BytesOf(first->front())};
  model::ExpertSource* source = expert_cache_.get();
  if (source == nullptr) {
    mapped_experts_ = std::make_unique<model::MappedExperts>(model_.experts());
    source = mapped_experts_.get();
  }
  trace_ = std::make_unique<TracingExperts>(*source, path, header);
}

void Engine::FinishTrace() {
  if (trace_) trace_->Finish();
}

// nullptr: as the model has them.
model::ExpertSource* Engine::experts() noexcept {
  if (trace_) return trace_.get();
  return expert_cache_.get();
}

model::Workspace& Engine::WorkspaceFor(size_t tokens) {
  if (!work_ || work_->max_tokens() < tokens) {
    work_.reset();
    work_.emplace(model_.config(), tokens);
  }
  return *work_;
}

void Engine::Feed(SequenceState& state, std::span<const TokenId> tokens, model::LogitsOf logits_of,
                  model::OnLogits on_logits, std::optional<model::OnHidden> on_hidden) {
  if (tokens.size() > state.capacity() - state.length()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} tokens after {} do not fit the context of {}", tokens.size(),
                            state.length(), state.capacity()));
  }
  model_.CheckTokens(tokens);
  for (size_t begin = 0; begin < tokens.size();) {
    const size_t count = std::min(chunk_tokens_, tokens.size() - begin);
    const bool is_last = begin + count == tokens.size();
    const std::array segments = {state.Next(count)};
    const model::Batch batch = {
        .tokens = tokens.subspan(begin, count),
        .segments = segments,
        .logits_of = logits_of == model::LogitsOf::kLastOfSegment && !is_last
                         ? model::LogitsOf::kNone
                         : logits_of,
        .experts = experts()};
    try {
      model_.Forward(
          batch, WorkspaceFor(count), *pool_,
          [&](size_t token, std::span<const float> logits) { on_logits(begin + token, logits); },
          on_hidden);
    } catch (...) {
      if (state.is_recurrent()) state.Clear();  // a part of its layers is ahead of the others
      throw;
    }
    state.Advance(count);
    begin += count;
  }
}

}  // namespace hlwq::runtime
