// The file of a saved sequence (docs/format-sequence.md): what is in it and where, checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"
#include "runtime/engine.h"
#include "runtime/kv_layout.h"

namespace hlwq::runtime {

inline constexpr std::string_view kSequenceFormat = "hlwq-sequence";
inline constexpr std::string_view kSequenceVersion = "1";

// What a file is made for: the model, and how it is run.
struct SequenceModel {
  std::string model_type;
  uint64_t identity = 0;         // checkpoint::ModelIdentity
  KvFormat format;               // of keys and values
  bool has_interleaved = false;  // rows of weights, laid out anew in memory
  size_t vocabulary = 0;
  uint64_t state_bytes = 0;  // recurrent; 0: none
  KvLayout layout;
};
SequenceModel SequenceModelOf(Engine& engine, const KvFormat& format);

// A part of the file, as an index into SafetensorsHeader::entries.
using PartIndex = size_t;

struct PagePart {
  KvPageKind kind = KvPageKind::kFloats;
  size_t page = 0;

  auto operator<=>(const PagePart&) const = default;
};
struct MomentPart {
  PartIndex state = 0;
  std::optional<PartIndex> tail;
};

// What a header says, all of it checked against the model: sizes, names, and that nothing is missing.
struct SequenceIndex {
  size_t tokens = 0;
  size_t prompt_tokens = 0;  // SequenceState::prompt_tokens
  std::string target;        // kernels::VectorTargetName of who wrote it
  PartIndex tokens_part = 0, checksums = 0;
  std::map<PagePart, PartIndex> pages;
  std::optional<PartIndex> state, logits;
  std::map<size_t, MomentPart> moments;  // by their length

  // The most tokens, at most `most`, that can be held without the others.
  size_t LoadableLength(size_t most, const SequenceModel& model) const;
};

// Throws Error{kInvalidData} for what no hlwq wrote, Error{kUnsupported} for another version,
// Error{kInvalidArgument} for another model or other settings.
SequenceIndex ReadSequenceIndex(const io::SafetensorsHeader& header, const SequenceModel& model);

// Names of parts.
std::string PageName(const PagePart& page);
std::string MomentStateName(size_t length);
std::string MomentTailName(size_t length);
inline constexpr std::string_view kTokensName = "tokens", kStateName = "state",
                                  kLogitsName = "logits", kChecksumsName = "checksums";

// Keys of the metadata.
inline constexpr const char *kFormatKey = "format", *kVersionKey = "version", *kModelKey = "model",
                            *kIdentityKey = "model_xxh3", *kKvKey = "kv",
                            *kPageTokensKey = "page_tokens", *kInterleavedKey = "interleaved",
                            *kTargetKey = "target", *kPromptTokensKey = "prompt_tokens";

}  // namespace hlwq::runtime
