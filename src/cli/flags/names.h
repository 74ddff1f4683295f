// Every flag by name and kind. The table of flags is made of these, and who asks for a value says
// which by them: a flag that is misspelt, or asked for as another kind, does not compile.
#pragma once

#include "cli/flags/flag_id.h"

namespace hlwq::cli::flag {

// Of conversions, and of every verb.
inline constexpr TextFlag kCodec{"codec", FlagKind::kChoice};
inline constexpr IntegerFlag kBits{"bits"};
inline constexpr TextFlag kRecipe{"recipe", FlagKind::kPath};
inline constexpr TextFlag kTable{"table", FlagKind::kChoice};
inline constexpr TextFlag kScale{"scale", FlagKind::kChoice};
inline constexpr TextFlag kEffort{"effort", FlagKind::kChoice};
inline constexpr TextFlag kCompat{"compat", FlagKind::kChoice};
inline constexpr TextFlag kNonfinite{"nonfinite", FlagKind::kChoice};
inline constexpr NumberFlag kTargetBpw{"target-bpw"};
inline constexpr TextFlag kSensitivity{"sensitivity", FlagKind::kChoice};
inline constexpr TextFlag kSaveRecipe{"save-recipe", FlagKind::kOutput};
inline constexpr TextFlag kCalibrate{"calibrate", FlagKind::kPath};
inline constexpr IntegerFlag kCalibrationTokens{"calibration-tokens"};
inline constexpr IntegerFlag kCalibrationSeed{"calibration-seed"};
inline constexpr ListFlag kInclude{"include"};
inline constexpr ListFlag kExclude{"exclude"};
inline constexpr IntegerFlag kEmbeddings{"embeddings"};
inline constexpr IntegerFlag kLmHead{"lm-head"};
inline constexpr TextFlag kTensor{"tensor", FlagKind::kText};
inline constexpr NumberFlag kMinSnr{"min-snr"};
inline constexpr TextFlag kDtype{"dtype", FlagKind::kChoice};
inline constexpr TextFlag kRotation{"rotation", FlagKind::kChoice};
inline constexpr TextFlag kFormat{"format", FlagKind::kChoice};
inline constexpr BytesFlag kMaxShardSize{"max-shard-size"};
inline constexpr TextFlag kReport{"report", FlagKind::kOutput};
inline constexpr IntegerFlag kExpertCacheSize{"expert-cache-size"};
inline constexpr BytesFlag kExpertCacheBytes{"expert-cache-bytes"};
inline constexpr SwitchFlag kOverwrite{"overwrite"};
inline constexpr IntegerFlag kSeed{"seed"};
inline constexpr IntegerFlag kLayers{"layers"};
inline constexpr NumberFlag kZipf{"zipf"};
inline constexpr SwitchFlag kResume{"resume"};
inline constexpr SwitchFlag kDryRun{"dry-run"};
inline constexpr IntegerFlag kThreads{"threads"};
inline constexpr TextFlag kCompletions{"completions", FlagKind::kChoice};
inline constexpr SwitchFlag kMan{"man"};
inline constexpr SwitchFlag kQuiet{"quiet"};
inline constexpr SwitchFlag kJson{"json"};
inline constexpr SwitchFlag kHelp{"help"};
inline constexpr SwitchFlag kVersion{"version"};

// Of export.
inline constexpr TextFlag kTo{"to", FlagKind::kChoice};
inline constexpr TextFlag kExportBits{"bits", FlagKind::kChoice};  // of export
inline constexpr TextFlag kGroupSize{"group-size", FlagKind::kChoice};
inline constexpr TextFlag kSource{"source", FlagKind::kPath};
inline constexpr TextFlag kType{"type", FlagKind::kChoice};

// Of download.
inline constexpr TextFlag kRevision{"revision", FlagKind::kText};

// Of every verb that runs a model.
inline constexpr IntegerFlag kCtxSize{"ctx-size"};
inline constexpr TextFlag kKv{"kv", FlagKind::kText};
inline constexpr TextFlag kDepth{"depth", FlagKind::kText};
inline constexpr TextFlag kKvLayers{"kv-layers", FlagKind::kText};
inline constexpr TextFlag kReferenceKv{"reference-kv", FlagKind::kText};
inline constexpr SwitchFlag kInterleave{"interleave"};

// Of serve.
inline constexpr TextFlag kHost{"host", FlagKind::kText};
inline constexpr IntegerFlag kPort{"port"};
inline constexpr IntegerFlag kParallel{"parallel"};
inline constexpr NumberFlag kTimeout{"timeout"};
inline constexpr TextFlag kModelsDir{"models-dir", FlagKind::kPath};
inline constexpr IntegerFlag kModelsMax{"models-max"};
inline constexpr BytesFlag kModelsMemory{"models-memory"};
inline constexpr BytesFlag kCacheRam{"cache-ram"};
inline constexpr SwitchFlag kExact{"exact"};
inline constexpr TextFlag kAlias{"alias", FlagKind::kText};
inline constexpr ListFlag kApiKey{"api-key"};
inline constexpr TextFlag kApiKeyFile{"api-key-file", FlagKind::kPath};
inline constexpr ListFlag kCors{"cors"};
inline constexpr ListFlag kAllowHost{"allow-host"};

// Of how experts are held.
inline constexpr TextFlag kExpertPolicy{"expert-policy", FlagKind::kChoice};
inline constexpr SwitchFlag kNoExpertPrefetch{"no-expert-prefetch"};
inline constexpr TextFlag kTraceExperts{"trace-experts", FlagKind::kOutput};

// Of generate, chat and tokenize.
inline constexpr TextFlag kPrompt{"prompt", FlagKind::kText};
inline constexpr TextFlag kFile{"file", FlagKind::kPath};
inline constexpr SwitchFlag kChat{"chat"};
inline constexpr TextFlag kSystem{"system", FlagKind::kText};
inline constexpr SwitchFlag kNoThinking{"no-thinking"};
inline constexpr SwitchFlag kJsonl{"jsonl"};
inline constexpr SwitchFlag kDecode{"decode"};
inline constexpr SwitchFlag kNoSpecial{"no-special"};
inline constexpr IntegerFlag kMaxTokens{"max-tokens"};
inline constexpr IntegerFlag kNumAnswers{"num-answers"};
inline constexpr ListFlag kStop{"stop"};
inline constexpr SwitchFlag kIgnoreEos{"ignore-eos"};
inline constexpr IntegerFlag kDraftMax{"draft-max"};
inline constexpr TextFlag kPromptCache{"prompt-cache", FlagKind::kOutput};
inline constexpr SwitchFlag kPromptCacheAll{"prompt-cache-all"};
inline constexpr SwitchFlag kPromptCacheRo{"prompt-cache-ro"};
inline constexpr TextFlag kGrammar{"grammar", FlagKind::kText};
inline constexpr TextFlag kGrammarFile{"grammar-file", FlagKind::kPath};
inline constexpr TextFlag kJsonSchema{"json-schema", FlagKind::kText};
inline constexpr TextFlag kJsonSchemaFile{"json-schema-file", FlagKind::kPath};
inline constexpr NumberFlag kTemperature{"temperature"};
inline constexpr IntegerFlag kTopK{"top-k"};
inline constexpr NumberFlag kTopP{"top-p"};
inline constexpr NumberFlag kMinP{"min-p"};
inline constexpr NumberFlag kTypical{"typical"};
inline constexpr NumberFlag kRepeatPenalty{"repeat-penalty"};
inline constexpr NumberFlag kPresencePenalty{"presence-penalty"};
inline constexpr NumberFlag kFrequencyPenalty{"frequency-penalty"};
inline constexpr IntegerFlag kRepeatLastN{"repeat-last-n"};
inline constexpr ListFlag kLogitBias{"logit-bias"};

// Of measurements.
inline constexpr TextFlag kReference{"reference", FlagKind::kPath};
inline constexpr IntegerFlag kWindow{"window"};
inline constexpr IntegerFlag kStride{"stride"};
inline constexpr TextFlag kMethods{"methods", FlagKind::kText};
inline constexpr TextFlag kIds{"ids", FlagKind::kPath};
inline constexpr SwitchFlag kStep{"step"};
inline constexpr TextFlag kOutput{"output", FlagKind::kOutput};
inline constexpr SwitchFlag kHidden{"hidden"};
inline constexpr IntegerFlag kPromptTokens{"prompt-tokens"};
inline constexpr IntegerFlag kDecodeTokens{"decode-tokens"};
inline constexpr TextFlag kBatch{"batch", FlagKind::kText};
inline constexpr SwitchFlag kCsv{"csv"};
inline constexpr SwitchFlag kMd{"md"};
inline constexpr TextFlag kThreadCounts{"threads", FlagKind::kText};  // of bench
inline constexpr IntegerFlag kRepetitions{"repetitions"};
inline constexpr TextFlag kSizes{"sizes", FlagKind::kText};

}  // namespace hlwq::cli::flag
