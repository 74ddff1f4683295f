// What a flag is called and what its values are, as types that cannot be mistaken for one another.
#pragma once

#include <cstdint>
#include <string_view>

namespace hlwq::cli {

enum class FlagKind : uint8_t {
  kSwitch,   // takes no value
  kText,     // any text; `choices` are suggestions
  kPath,     // a file or folder; `choices` are suggestions
  kOutput,   // a file to write
  kChoice,   // one of `choices`
  kInteger,  // in [minimum, maximum]
  kNumber,   // a finite decimal number in [minimum, maximum]
  kBytes,    // "5GB", "512MiB", a plain count (base/number_text.h); in [minimum, maximum]
  kList,     // text that may be given several times
};

// Two flags may have one name: of different verbs, they may be of different kinds.
struct FlagId {
  std::string_view name;  // long name without dashes
  FlagKind kind = FlagKind::kSwitch;

  bool operator==(const FlagId&) const = default;
};

template <FlagKind kOnly>
struct FlagOf : FlagId {
  explicit constexpr FlagOf(std::string_view long_name) : FlagId{long_name, kOnly} {}
};
using SwitchFlag = FlagOf<FlagKind::kSwitch>;
using IntegerFlag = FlagOf<FlagKind::kInteger>;
using NumberFlag = FlagOf<FlagKind::kNumber>;
using BytesFlag = FlagOf<FlagKind::kBytes>;
using ListFlag = FlagOf<FlagKind::kList>;

// Of kText, kPath, kOutput or kChoice.
struct TextFlag : FlagId {
  constexpr TextFlag(std::string_view long_name, FlagKind text_kind)
      : FlagId{long_name, text_kind} {}
};

}  // namespace hlwq::cli
