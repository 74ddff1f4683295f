#include "eval/throughput.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "eval/device_read.h"
#include "eval/plain_read.h"
#include "eval/window_reader.h"
#include "runtime/engine.h"
#include "runtime/sequence_state.h"

namespace hlwq::eval {
namespace {

using runtime::TokenId;
constexpr size_t kShortPrompt = 8;

// The largest resident set of this process so far; 0 where the system does not tell.
uint64_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    uint64_t kibibytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %lu", &kibibytes) == 1) return kibibytes * 1024;
  }
  return 0;
}

// Keys and values that a token at `position` reads.
double KvBytesAt(const model::ModelConfig& config, const runtime::KvFormat& format,
                 size_t position) {
  const runtime::KvLayout layout(config, format);
  double seen = 0, all = 0;  // tokens in layers with attention
  for (size_t layer = 0; layer < config.sizes.layers.size(); ++layer) {
    if (!config.sizes.layers[layer].has_attention()) continue;
    const size_t window = config.sizes.WindowOf(layer);
    const size_t tokens = position + 1;
    seen += static_cast<double>(window == 0 ? tokens : std::min(tokens, window));
    all += static_cast<double>(tokens);
  }
  return all == 0 ? 0 : layout.BytesRead(position + 1) * seen / all;
}

// A token on average, of `tokens` tokens from an empty cache.
double KvBytesPerToken(const model::ModelConfig& config, const runtime::KvFormat& format,
                       size_t tokens) {
  double sum = 0;
  for (size_t position = 0; position < tokens; ++position) {
    sum += KvBytesAt(config, format, position);
  }
  return tokens == 0 ? 0 : sum / static_cast<double>(tokens);
}

class Meter {
 public:
  Meter(runtime::Engine& engine, const ThroughputOptions& options)
      : engine_(engine),
        options_{
            .format = options.kv_format,
            .capacity = std::max({options.prompt_tokens, options.decode_tokens, kShortPrompt})} {}

  double PrefillSeconds(size_t tokens) {
    Draw(1, tokens);
    const Stopwatch watch;
    engine_.Feed(states_.front(), tokens_, model::LogitsOf::kLast, IgnoreLogits);
    return watch.Seconds();
  }

  // Of passes with one token of each sequence.
  double DecodeSeconds(size_t sequences, size_t tokens) {
    Draw(sequences, tokens);
    std::vector<runtime::Work> work(sequences);
    const Stopwatch watch;
    for (size_t token = 0; token < tokens; ++token) {
      for (size_t sequence = 0; sequence < sequences; ++sequence) {
        work[sequence] = {.sequence = &states_[sequence],
                          .tokens = std::span(&tokens_[sequence * tokens + token], 1)};
      }
      engine_.Step(work, [](size_t, size_t, std::span<const float>) {});
    }
    return watch.Seconds();
  }

 private:
  static constexpr auto IgnoreLogits = [](size_t, std::span<const float>) {};

  runtime::Engine& engine_;
  runtime::KvCacheOptions options_;
  std::vector<TokenId> tokens_;  // [sequence, token]
  uint64_t drawn_ = 0;
  std::vector<runtime::SequenceState> states_;

  // Begins anew with tokens that were not drawn before: an expert cache would know the old ones.
  void Draw(size_t sequences, size_t tokens) {
    while (states_.size() < sequences) states_.push_back(engine_.MakeState(options_));
    for (runtime::SequenceState& state : states_) state.Clear();
    tokens_.resize(sequences * tokens);
    for (TokenId& token : tokens_) {
      token = static_cast<TokenId>(MixBits(drawn_++) % engine_.config().sizes.vocab);
    }
  }
};

// A sequence as long as it is wanted, which others go on from.
class DepthMeter {
 public:
  DepthMeter(runtime::Engine& engine, const ThroughputOptions& options)
      : engine_(engine),
        options_{.format = options.kv_format,
                 .capacity = static_cast<size_t>(options.depths.back()) +
                             std::max(options.prompt_tokens, options.decode_tokens)},
        trunk_(engine.MakeState(options_)) {}

  // Has it hold `depth` tokens, more than before.
  void Fill(size_t depth) { Feed(trunk_, depth - trunk_.length()); }

  double PrefillSeconds(size_t tokens) {
    runtime::SequenceState branch = Branch();
    const Stopwatch watch;
    Feed(branch, tokens);
    return watch.Seconds();
  }
  double DecodeSeconds(size_t tokens) {
    runtime::SequenceState branch = Branch();
    const Stopwatch watch;
    for (size_t token = 0; token < tokens; ++token) Feed(branch, 1);
    return watch.Seconds();
  }

 private:
  runtime::Engine& engine_;
  runtime::KvCacheOptions options_;
  runtime::SequenceState trunk_;
  uint64_t drawn_ = 0;

  runtime::SequenceState Branch() {
    runtime::SequenceState branch = engine_.MakeState(options_);
    branch.ForkFrom(trunk_);
    return branch;
  }
  void Feed(runtime::SequenceState& state, size_t count) {
    std::vector<TokenId> tokens(count);
    for (TokenId& token : tokens) {
      token = static_cast<TokenId>(MixBits(drawn_++) % engine_.config().sizes.vocab);
    }
    engine_.Feed(state, tokens, model::LogitsOf::kLast, [](size_t, std::span<const float>) {});
  }
};

void MeasureDepths(runtime::Engine& engine, const ThroughputOptions& options,
                   std::vector<report::ThreadThroughput>& rows) {
  if (options.depths.empty()) return;
  DepthMeter meter(engine, options);
  for (const int depth : options.depths) {
    engine.SetThreads(std::ranges::max(options.threads));
    meter.Fill(static_cast<size_t>(depth));
    for (report::ThreadThroughput& row : rows) {
      row.depths.push_back(
          {.depth = static_cast<size_t>(depth),
           .kv_bytes = KvBytesAt(engine.config(), options.kv_format, static_cast<size_t>(depth))});
    }
    for (int repetition = 0; repetition < options.repetitions; ++repetition) {
      for (report::ThreadThroughput& row : rows) {
        engine.SetThreads(row.threads);
        report::DepthThroughput& found = row.depths.back();
        if (const size_t tokens = options.prompt_tokens; tokens > 0) {
          found.prefill.values.push_back(static_cast<double>(tokens) /
                                         meter.PrefillSeconds(tokens));
        }
        if (const size_t tokens = options.decode_tokens; tokens > 0) {
          found.decode.values.push_back(static_cast<double>(tokens) / meter.DecodeSeconds(tokens));
        }
      }
    }
  }
}

// What a second of decoding is compared with.
struct Peers {
  std::optional<PlainReader> memory;
  std::optional<DeviceReader> device;
};

void AddExperts(const runtime::ExpertCacheStatistics& statistics, const ThroughputOptions& options,
                double seconds, double device_read, report::ExpertThroughput& row) {
  const auto read = static_cast<double>(statistics.bytes_read);
  row.hit_rate.values.push_back(statistics.hit_rate());
  row.bytes_per_token.values.push_back(read / static_cast<double>(options.decode_tokens));
  row.waited.values.push_back(statistics.seconds_waited / seconds);
  row.device_read.values.push_back(device_read);
  row.device_share.values.push_back(read / seconds / device_read);
}

void Measure(runtime::Engine& engine, Meter& meter, Peers& peers, const ThroughputOptions& options,
             report::ThreadThroughput& row) {
  engine.SetThreads(row.threads);
  if (options.prompt_tokens > 0) {
    row.prefill.values.push_back(static_cast<double>(options.prompt_tokens) /
                                 meter.PrefillSeconds(options.prompt_tokens));
  }
  double seconds = 0;
  if (engine.expert_cache() != nullptr) engine.expert_cache()->ResetStatistics();
  if (options.decode_tokens > 0) {
    seconds = meter.DecodeSeconds(1, options.decode_tokens);
    row.decode.values.push_back(static_cast<double>(options.decode_tokens) / seconds);
  }
  if (peers.device) {
    const runtime::ExpertCacheStatistics statistics = engine.expert_cache()->statistics();
    const double read = peers.device->Measure(options.read_bytes);
    if (options.decode_tokens > 0) AddExperts(statistics, options, seconds, read, row.experts);
  } else {
    const double read = peers.memory->Measure(engine.pool());
    row.plain_read.values.push_back(read);
    if (options.decode_tokens > 0) {
      row.decode_share.values.push_back(static_cast<double>(engine.model().bytes_per_token()) *
                                        row.decode.values.back() / read);
    }
  }
}

// Passes with all sequences of a batch read the weights once.
void MeasureBatches(const runtime::Engine& engine, Meter& meter, const ThroughputOptions& options,
                    report::ThreadThroughput& row) {
  const size_t tokens = options.decode_tokens;
  for (report::BatchThroughput& batch : row.batches) {
    const auto sequences = static_cast<size_t>(batch.sequences);
    const double seconds = meter.DecodeSeconds(sequences, tokens);
    const double passes = static_cast<double>(tokens) / seconds;
    batch.decode.values.push_back(passes * static_cast<double>(sequences));
    if (!row.plain_read.empty()) {
      batch.memory_share.values.push_back(static_cast<double>(engine.model().bytes_per_token()) *
                                          passes / row.plain_read.values.back());
    }
    if (!row.prefill.empty()) {
      batch.prefill_share.values.push_back(batch.decode.values.back() / row.prefill.values.back());
    }
  }
}

void Check(const ThroughputOptions& options) {
  if (options.prompt_tokens == 0 && options.decode_tokens == 0) {
    throw Error(ErrorCode::kInvalidArgument, "want tokens to prefill or to decode, got none");
  }
  if (!options.batches.empty() && options.decode_tokens == 0) {
    throw Error(ErrorCode::kInvalidArgument, "want tokens to decode in batches, got none");
  }
  HLWQ_DASSERT(!options.threads.empty() && options.repetitions > 0);
}

}  // namespace

report::ThroughputResult MeasureThroughput(runtime::Engine& engine,
                                           const ThroughputOptions& options) {
  Check(options);
  engine.SetThreads(std::ranges::max(options.threads));
  report::ThroughputResult result;
  result.prompt_tokens = options.prompt_tokens;
  result.decode_tokens = options.decode_tokens;
  result.repetitions = options.repetitions;
  result.load_seconds = options.load_seconds;

  const checkpoint::Checkpoint& checkpoint = engine.model().checkpoint();
  result.model_type = engine.config().model_type;
  for (const checkpoint::TensorEntry& entry : checkpoint.tensors) {
    result.parameters += entry.elements();
  }
  for (const File& file : checkpoint.files) result.checkpoint_bytes += file.SizeBytes();
  result.weight_bytes_per_token = engine.model().bytes_per_token();
  result.kv_bytes_per_token =
      KvBytesPerToken(engine.config(), options.kv_format, options.decode_tokens);
  result.kv_format = options.kv_format.name();
  result.kv_bytes_kept = runtime::KvLayout(engine.config(), options.kv_format).BytesPerToken();

  Meter meter(engine, options);
  result.first_token_seconds = meter.PrefillSeconds(kShortPrompt);
  meter.PrefillSeconds(options.prompt_tokens);
  meter.DecodeSeconds(1, std::min<size_t>(options.decode_tokens, kShortPrompt));
  // Before the memory for reading is taken.
  result.resident_bytes = PeakResidentBytes();

  Peers peers;
  const runtime::ExpertCache* cache = engine.expert_cache();
  if (cache != nullptr && !cache->holds_all()) {
    peers.device.emplace(checkpoint.files, cache->slot_bytes());
  } else {
    peers.memory.emplace(options.read_bytes);
  }
  for (const int threads : options.threads) {
    report::ThreadThroughput& row =
        result.threads.emplace_back(report::ThreadThroughput{.threads = threads});
    for (const int sequences : options.batches) row.batches.push_back({.sequences = sequences});
  }
  const size_t total = options.threads.size() * static_cast<size_t>(options.repetitions);
  size_t done = 0;
  const auto sequences =
      static_cast<size_t>(std::accumulate(options.batches.begin(), options.batches.end(), 1));
  const size_t tokens = options.prompt_tokens + sequences * options.decode_tokens;
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    for (report::ThreadThroughput& row : result.threads) {
      Measure(engine, meter, peers, options, row);
      MeasureBatches(engine, meter, options, row);
      if (options.progress) options.progress({++done * tokens, total * tokens, {}});
    }
  }
  MeasureDepths(engine, options, result.threads);
  return result;
}

}  // namespace hlwq::eval
