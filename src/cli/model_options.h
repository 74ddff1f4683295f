// How a model is opened by the flags that the verbs which run one share (flags_model.cc).
#pragma once

#include <cstddef>
#include <filesystem>

#include "cli/arguments.h"
#include "runtime/engine.h"
#include "runtime/kv_cache.h"

namespace hlwq::cli {

// Tokens of context where neither --ctx-size nor the model says fewer.
inline constexpr size_t kDefaultContextTokens = 4096;

// Opens the checkpoint at `path` with --threads; experts are held as the flags say (HoldExperts),
// `engines` of them in the memory there is. Throws as runtime::Engine and HoldExperts.
runtime::Engine OpenEngine(const Arguments& arguments, const std::filesystem::path& path,
                           int engines = 1);

// What was noted when the model was opened, for the user.
void PrintModelNotes(const Arguments& arguments, const runtime::Engine& engine);

// The cache of sequences of `tokens` tokens, by --cache-type.
runtime::KvCacheOptions CacheOptionsOf(const Arguments& arguments, size_t tokens);

// Tokens that a sequence may have, by --ctx-size: where it was not given the model's own number of
// positions, but at most kDefaultContextTokens. Says so where more are wanted than the model has.
size_t ContextTokensOf(const Arguments& arguments, const model::ModelConfig& config);

}  // namespace hlwq::cli
