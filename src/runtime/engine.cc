#include "runtime/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/error.h"
#include "checkpoint/identity.h"

namespace hlwq::runtime {
namespace {

using ExpertList = std::vector<model::ExpertMatrices>;

constexpr uint64_t kWorkspaceBytes = 32u << 20;
// A pass over a mixture reads most of its experts, however few tokens it has.
constexpr uint64_t kMixtureWorkspaceBytes = 256u << 20;
constexpr size_t kMostChunkTokens = 512;
constexpr size_t kLeastChunkTokens = 32;

}  // namespace

size_t ChunkTokens(const model::ModelConfig& config, size_t wanted) {
  if (wanted != 0) return wanted;
  const uint64_t most = config.sizes.experts > 0 ? kMixtureWorkspaceBytes : kWorkspaceBytes;
  size_t tokens = kMostChunkTokens;
  while (tokens > kLeastChunkTokens && model::Workspace::Bytes(config, tokens) > most) {
    tokens /= 2;
  }
  return tokens;
}

Engine::Engine(const std::filesystem::path& path, const EngineOptions& options)
    : Engine(checkpoint::OpenCheckpoint(path), options) {}

Engine::Engine(checkpoint::Checkpoint checkpoint, const EngineOptions& options)
    : model_(std::move(checkpoint),
             {.interleaves_rows = options.interleaves_rows, .threads = options.threads}),
      pool_(std::make_unique<WorkerPool>(options.threads)),
      chunk_tokens_(ChunkTokens(model_.config(), options.chunk_tokens)),
      kv_bytes_(options.kv_bytes),
      snapshots_(std::make_unique<StateSnapshots>(model_.config(), options.snapshot_bytes)) {}

SequenceState Engine::MakeState(const KvCacheOptions& options) {
  std::unique_ptr<KvPools>& pages = kv_pages_[options.format.name()];
  if (!pages) {
    pages =
        std::make_unique<KvPools>(config(), options.format, KvPoolOptions{.most_bytes = kv_bytes_});
  }
  return SequenceState(config(), *pages, *snapshots_, options.capacity);
}

uint64_t Engine::sequence_bytes() const noexcept {
  uint64_t bytes = snapshots_->bytes();
  for (const auto& [dtype, pages] : kv_pages_) bytes += pages->written_bytes();
  return bytes;
}

uint64_t Engine::identity() {
  if (!identity_) identity_ = checkpoint::ModelIdentity(model_.checkpoint());
  return *identity_;
}

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

void Engine::CheckWork(std::span<const Work> work) const {
  for (const Work& piece : work) {
    if (piece.tokens.empty()) continue;
    const SequenceState& state = *piece.sequence;
    if (piece.tokens.size() > state.capacity() - state.length()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{} tokens after {} do not fit the context of {}",
                              piece.tokens.size(), state.length(), state.capacity()));
    }
    model_.CheckTokens(piece.tokens);
  }
}

void Engine::AddSegment(std::span<const Work> work, size_t index) {
  const Work& piece = work[index];
  model::Segment segment = piece.sequence->Next(piece.tokens.size());
  segment.begin = tokens_.size();
  tokens_.insert(tokens_.end(), piece.tokens.begin(), piece.tokens.end());
  segment.end = tokens_.size();
  segment.logits_of = piece.logits_of;
  segments_.push_back(segment);
  works_.push_back(index);
}

void Engine::Gather(std::span<const Work> work) {
  CheckWork(work);
  tokens_.clear();
  segments_.clear();
  works_.clear();
  for (const bool is_short : {true, false}) {  // as the model wants them
    for (size_t index = 0; index < work.size(); ++index) {
      const size_t tokens = work[index].tokens.size();
      if (tokens > 0 && is_short == (tokens <= model::kShortSegment)) AddSegment(work, index);
    }
  }
}

void Engine::PassOn(size_t token, std::span<const float> logits, OnStepLogits on_logits) const {
  const auto after =
      std::ranges::upper_bound(segments_, token, std::less(), &model::Segment::begin);
  const auto segment = static_cast<size_t>(after - segments_.begin()) - 1;
  on_logits(works_[segment], token - segments_[segment].begin, logits);
}

void Engine::Step(std::span<const Work> work, OnStepLogits on_logits,
                  std::optional<model::OnHidden> on_hidden) {
  Gather(work);
  if (tokens_.empty()) return;
  const model::Batch batch = {.tokens = tokens_, .segments = segments_, .experts = experts()};
  const auto pass_on = [&](size_t token, std::span<const float> logits) {
    PassOn(token, logits, on_logits);
  };
  try {
    model_.Forward(batch, WorkspaceFor(tokens_.size()), *pool_, pass_on, on_hidden);
  } catch (...) {
    for (const size_t index : works_) {
      // A part of its layers is ahead of the others.
      if (work[index].sequence->is_recurrent()) work[index].sequence->Clear();
    }
    throw;
  }
  for (const size_t index : works_) work[index].sequence->Advance(work[index].tokens.size());
}

void Engine::StepLayers(std::span<const Work> work, const model::LayerRange& layers,
                        OnStepLogits on_logits, const LayerObservers& observers) {
  Gather(work);
  if (tokens_.empty()) return;
  const model::Batch batch = {.tokens = tokens_,
                              .segments = segments_,
                              .experts = experts(),
                              .on_products = observers.on_products,
                              .on_mixed = observers.on_mixed};
  const auto clear = [&] {
    for (const size_t index : works_) work[index].sequence->Clear();
  };
  try {
    model_.ForwardLayers(
        batch, layers, WorkspaceFor(tokens_.size()), *pool_,
        [&](size_t token, std::span<const float> logits) { PassOn(token, logits, on_logits); },
        observers.on_hidden);
  } catch (...) {
    clear();
    throw;
  }
  clear();
}

void Engine::Feed(SequenceState& state, std::span<const TokenId> tokens, model::LogitsOf logits_of,
                  model::OnLogits on_logits, std::optional<model::OnHidden> on_hidden) {
  CheckWork(std::array{Work{&state, tokens}});
  for (size_t begin = 0; begin < tokens.size();) {
    const size_t count = std::min(chunk_tokens_, tokens.size() - begin);
    const bool is_last = begin + count == tokens.size();
    const bool wants_logits = is_last || logits_of != model::LogitsOf::kLast;
    const std::array work = {Work{.sequence = &state,
                                  .tokens = tokens.subspan(begin, count),
                                  .logits_of = wants_logits ? logits_of : model::LogitsOf::kNone}};
    Step(
        work,
        [&](size_t, size_t token, std::span<const float> logits) {
          on_logits(begin + token, logits);
        },
        on_hidden);
    begin += count;
  }
}

}  // namespace hlwq::runtime
