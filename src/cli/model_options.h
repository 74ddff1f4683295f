// How a model is opened by the flags that the verbs which run one share (flags/model.cc,
// flags/experts.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "chat/text_model.h"
#include "cli/arguments.h"
#include "runtime/kv_cache.h"

namespace hlwq::cli {

struct OpenOptions {
  int models = 1;         // that the verb opens: they share the memory
  bool has_trace = true;  // --trace-experts, of one model
  // Of all of them, where that is less than what is free.
  uint64_t most_bytes = std::numeric_limits<uint64_t>::max();
  std::optional<int> threads = {};  // empty: --threads
  uint64_t snapshot_bytes = 0;      // runtime::EngineOptions
};

// Opens the checkpoint that `operand` names, which must be on this machine (LocalSource), its experts
// held as the flags say. Throws as chat::TextModel, Error{kInvalidArgument} for flags that want
// experts of a model without.
chat::TextModel OpenModel(const Arguments& arguments, const std::string& operand,
                          const OpenOptions& options = {});

// About what the model will take that OpenModel would open (chat::MemoryToOpen).
uint64_t MemoryToOpen(const Arguments& arguments, const std::string& operand,
                      const OpenOptions& options);

// How the experts of a mixture are held, for the user.
void PrintExperts(const Arguments& arguments, const runtime::Engine& engine);
// The same, and what was noted when the model was opened.
void PrintModelNotes(const Arguments& arguments, const chat::TextModel& model);

// By a flag such as --kv. Throws Error{kInvalidArgument} naming it.
runtime::KvFormat KvFormatFrom(const Arguments& arguments, const TextFlag& flag);
// By --kv and --kv-layers.
runtime::KvFormat KvFormatOf(const Arguments& arguments);
// The cache of sequences of `tokens` tokens, in that format. Notes one that is known to harm.
runtime::KvCacheOptions CacheOptionsOf(const Arguments& arguments, size_t tokens);

// Tokens that a sequence may have, by --ctx-size. Says so where more are wanted than the model was
// made for.
size_t ContextTokensOf(const Arguments& arguments, const chat::TextModel& model);

}  // namespace hlwq::cli
