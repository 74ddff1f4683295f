#include "checkpoint/polar/open.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "checkpoint/polar/names.h"

namespace hlwq::checkpoint {

bool LooksLikePolar(const Checkpoint& checkpoint) {
  if (HasHlwqSection(checkpoint.polar_config)) return true;
  // Other formats have `.codes` too; only together with `.norms` are they ours.
  std::unordered_set<std::string_view> with_codes, with_norms;
  for (const TensorEntry& entry : checkpoint.tensors) {
    if (!UnpublishedSuffix(entry.name).empty()) return true;
    const auto key = SplitPolarKey(entry.name);
    if (!key) continue;
    if (key->suffix.starts_with("__") && key->suffix != "__meta") return true;
    if (key->suffix == ".ct_scaled") return true;
    if (key->suffix == ".codes") with_codes.insert(key->prefix);
    if (key->suffix == ".norms") with_norms.insert(key->prefix);
  }
  return std::any_of(with_codes.begin(), with_codes.end(),
                     [&](std::string_view prefix) { return with_norms.contains(prefix); });
}

PolarContents RecognisePolar(const PolarInput& input) {
  return input.polar_config.hlwq ? RecogniseOwnPolar(input) : RecognisePublishedPolar(input);
}

void InterpretPolar(Checkpoint& checkpoint) {
  const std::string root = checkpoint.root.string();
  const PolarConfig polar_config = WithContext(
      root + "/polar_config.json", [&] { return ParsePolarConfig(checkpoint.polar_config); });
  const PolarInput input{StoredInputOf(checkpoint), checkpoint.config, polar_config};
  PolarContents contents = WithContext(root, [&] { return RecognisePolar(input); });
  checkpoint.format = contents.format;
  checkpoint.tensors = std::move(contents.tensors);
  for (std::string& note : contents.notes) checkpoint.notes.push_back(std::move(note));
}

}  // namespace hlwq::checkpoint
