#include "cli/model_options.h"
#include "cli/checkpoint_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/number_text.h"
#include "chat/model_memory.h"
#include "cli/expert_report.h"
#include "cli/output.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {
namespace {

// docs/kv-cache.md has what fewer lose.
constexpr runtime::KvBits kHarmlessKvBits = {.keys = 4, .values = 3};

// Verbs that open two models do not have --trace-experts.
bool CanTrace(const OpenOptions& options) { return options.models == 1 && options.has_trace; }

// A flag that wants a model with experts; nullptr: none was given.
const FlagId* ExpertFlagOf(const Arguments& arguments, const OpenOptions& options) {
  if (arguments.Has(flag::kExpertCacheSize)) return &flag::kExpertCacheSize;
  if (arguments.Has(flag::kExpertCacheBytes)) return &flag::kExpertCacheBytes;
  if (CanTrace(options) && arguments.Has(flag::kTraceExperts)) return &flag::kTraceExperts;
  return nullptr;
}

void CheckHasExperts(const checkpoint::Checkpoint& checkpoint, const FlagId& flag) {
  const model::ModelConfig config = WithContext(checkpoint.root.string() + ": config.json", [&] {
    return model::ReadModelConfig(checkpoint.config);
  });
  if (config.sizes.experts > 0) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("--{}: this model, {}, has no experts", flag.name, config.model_type));
}

chat::ExpertOptions ExpertOptionsOf(const Arguments& arguments) {
  chat::ExpertOptions options;
  options.policy = runtime::EvictionPolicyFromName(arguments.Text(flag::kExpertPolicy));
  options.has_prefetch = !arguments.Switch(flag::kNoExpertPrefetch);
  if (const auto slots = arguments.FindInteger(flag::kExpertCacheSize)) {
    options.size = runtime::SlotsPerLayer{static_cast<size_t>(*slots)};
  } else if (arguments.Has(flag::kExpertCacheBytes)) {
    options.size = runtime::PoolBytes{arguments.Bytes(flag::kExpertCacheBytes)};
  }
  return options;
}

// Of one of the models.
MemoryLimit MemoryFor(const OpenOptions& options) {
  MemoryLimit memory = ReadMemoryLimit();
  memory.available_bytes =
      std::min(memory.available_bytes, options.most_bytes) / static_cast<uint64_t>(options.models);
  return memory;
}

}  // namespace

chat::TextModel OpenModel(const Arguments& arguments, const std::string& operand,
                          const OpenOptions& options) {
  checkpoint::Checkpoint checkpoint = checkpoint::OpenCheckpoint(LocalSource(operand));
  if (const FlagId* flag = ExpertFlagOf(arguments, options)) CheckHasExperts(checkpoint, *flag);
  chat::TextModelOptions model = {
      .engine = {.threads = options.threads ? *options.threads : ThreadsOf(arguments),
                 .snapshot_bytes = options.snapshot_bytes,
                 .interleaves_rows = arguments.Switch(flag::kInterleave)},
      .experts = ExpertOptionsOf(arguments),
      .memory = MemoryFor(options)};
  if (CanTrace(options)) model.expert_trace = arguments.FindText(flag::kTraceExperts);
  return chat::TextModel(std::move(checkpoint), model);
}

uint64_t MemoryToOpen(const Arguments& arguments, const std::string& operand,
                      const OpenOptions& options) {
  const checkpoint::Checkpoint checkpoint = checkpoint::OpenCheckpoint(LocalSource(operand));
  return WithContext(checkpoint.root.string() + ": config.json", [&] {
    return chat::MemoryToOpen(checkpoint, ExpertOptionsOf(arguments), MemoryFor(options),
                              KvFormatOf(arguments))
        .Bytes(0);
  });
}

void PrintExperts(const Arguments& arguments, const runtime::Engine& engine) {
  const std::string experts = ExpertsInWords(engine);
  if (!experts.empty()) PrintNote(arguments, "experts: " + experts);
}

void PrintModelNotes(const Arguments& arguments, const chat::TextModel& model) {
  PrintExperts(arguments, model.engine());
  for (const std::string& note : model.engine().model().notes()) PrintNote(arguments, note);
  if (const uint64_t bytes = model.engine().model().interleaved_bytes(); bytes > 0) {
    PrintNote(arguments, "interleaved rows: " + FormatBytes(bytes) + " of memory");
  }
}

runtime::KvFormat KvFormatFrom(const Arguments& arguments, const TextFlag& flag) {
  return WithContext(fmt::format("--{}", flag.name),
                     [&] { return runtime::KvFormat::Parse(arguments.Text(flag)); });
}

runtime::KvFormat KvFormatOf(const Arguments& arguments) {
  runtime::KvFormat format = KvFormatFrom(arguments, flag::kKv);
  if (const auto layers = arguments.FindText(flag::kKvLayers)) {
    WithContext(fmt::format("--{}", flag::kKvLayers.name), [&] { format.SetLayers(*layers); });
  }
  return format;
}

runtime::KvCacheOptions CacheOptionsOf(const Arguments& arguments, size_t tokens) {
  const runtime::KvFormat format = KvFormatOf(arguments);
  const runtime::KvBits bits = format.LeastBits();
  const bool are_keys = bits.keys < kHarmlessKvBits.keys;
  if (are_keys || bits.values < kHarmlessKvBits.values) {
    PrintNote(arguments, fmt::format("--{} {}: {} of {} bits are known to harm what a model says; "
                                     "k8v4 is safe",
                                     flag::kKv.name, format.name(), are_keys ? "keys" : "values",
                                     are_keys ? bits.keys : bits.values));
  }
  return {.format = format, .capacity = tokens};
}

size_t ContextTokensOf(const Arguments& arguments, const chat::TextModel& model) {
  const auto wanted = arguments.FindInteger(flag::kCtxSize);
  if (!wanted) return model.default_context_tokens();
  const size_t most = model.config().max_positions;
  if (static_cast<uint64_t>(*wanted) > most) {
    PrintNote(arguments,
              fmt::format("--ctx-size {}: the model was made for {} positions", *wanted, most));
  }
  return static_cast<size_t>(*wanted);
}

}  // namespace hlwq::cli
