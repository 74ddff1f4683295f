// From the keys of published polar_state files back to tensor names (docs/format-polar-state.md,
// P.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlwq::checkpoint {

// The last letters of a key and what stands before them: "a.b__packed" -> {"a.b", "__packed"}.
struct PolarKey {
  std::string_view prefix;
  std::string_view suffix;
};

// Splits a key of a published coded tensor: `__packed`, `__norms`, `__meta`, `__codes`,
// `__ct_scaled`, `__ct`, and the legacy `.codes`, `.norms`, `.ct_scaled`, `.ct`. Empty for other
// names.
std::optional<PolarKey> SplitPolarKey(std::string_view key) noexcept;

// The suffix of `key` where it is that of a part of a codec which the published tools do not know
// (codec::CodecHome), so that our section of polar_config.json must speak of it; empty for others.
std::string_view UnpublishedSuffix(std::string_view key);

// What a key prefix names.
struct PolarName {
  std::string name;               // "model.layers.0.self_attn.q_proj.weight"
  std::optional<uint64_t> slice;  // `name` is then the fused [E, out, in] tensor
  bool had_underscores = false;   // dots were written as double underscores
  bool had_no_weight = false;     // ".weight" was left out and is restored

  bool operator==(const PolarName&) const = default;
};

// The rules, in this order:
// 1. A trailing `_e<number>` (no leading zeros) marks a slice and is cut off.
// 2. A prefix without any dot in which double underscores occur has every pair read as a dot. Three
//    or more underscores in a row could be read in two ways and are refused.
// 3. A matrix gets ".weight" unless it ends in it or is a fused expert tensor
//    (`experts.gate_up_proj`, `experts.down_proj`); the fused tensors made of slices get nothing:
//    they are parameters of their own, not the weight of a module.
// Throws Error{kInvalidData}.
PolarName RestoreName(std::string_view prefix);

// True for `...experts.gate_up_proj` and `...experts.down_proj`.
bool IsFusedExpertName(std::string_view name) noexcept;

}  // namespace hlwq::checkpoint
