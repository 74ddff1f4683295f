#include "checkpoint/polar/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "codec/codec.h"
#include "codec/codec_record.h"

namespace hlwq::checkpoint {
namespace {

constexpr std::string_view kWeightSuffix = ".weight";
constexpr size_t kMaxSliceDigits = 9;

// Cuts `_e<number>` off `prefix` and returns the number. "x__e1" is a module "e1" in the spelling
// with double underscores, not slice 1 of "x_".
std::optional<uint64_t> CutSlice(std::string_view& prefix) {
  size_t digits = prefix.size();
  while (digits > 0 && std::isdigit(static_cast<unsigned char>(prefix[digits - 1]))) --digits;
  const std::string_view number = prefix.substr(digits);
  const std::string_view before = prefix.substr(0, digits);
  const bool has_leading_zero = number.size() > 1 && number.front() == '0';
  if (number.empty() || number.size() > kMaxSliceDigits || has_leading_zero ||
      !before.ends_with("_e") || before.size() == 2 || before.ends_with("__e")) {
    return std::nullopt;
  }
  uint64_t slice = 0;
  std::from_chars(number.data(), number.data() + number.size(), slice);
  prefix = before.substr(0, before.size() - 2);
  return slice;
}

std::string UnderscoresToDots(std::string_view prefix) {
  const size_t run = prefix.find("___");
  if (run != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("'{}': three underscores in a row at {} can stand for '_.' or '._': "
                            "ambiguous",
                            prefix, run));
  }
  if (prefix.starts_with("__") || prefix.ends_with("__")) {
    throw Error(
        ErrorCode::kInvalidData,
        fmt::format("'{}': with double underscores read as dots this is no tensor name", prefix));
  }
  std::string name;
  for (size_t at = 0; at < prefix.size(); ++at) {
    const bool is_dot = prefix.substr(at, 2) == "__";
    name += is_dot ? '.' : prefix[at];
    at += is_dot;
  }
  return name;
}

}  // namespace

std::optional<PolarKey> SplitPolarKey(std::string_view key) noexcept {
  static constexpr std::array<std::string_view, 10> kSuffixes = {
      "__packed", "__norms", "__meta", "__codes",    "__ct_scaled",
      "__ct",     ".codes",  ".norms", ".ct_scaled", ".ct"};
  for (const std::string_view suffix : kSuffixes) {
    if (key.size() > suffix.size() && key.ends_with(suffix)) {
      return PolarKey{key.substr(0, key.size() - suffix.size()), suffix};
    }
  }
  return std::nullopt;
}

std::string_view UnpublishedSuffix(std::string_view key) {
  static const std::vector<std::string> suffixes = [] {
    std::vector<std::string> found;
    for (const codec::CodecRecord* record : codec::CodecRecords()) {
      if (record->home != codec::CodecHome::kOwnPolarState) continue;
      for (const codec::Part& part :
           record->make_reference(record->default_spec())->Parts({1, 1})) {
        found.push_back(part.suffix);
      }
    }
    return found;
  }();
  for (const std::string& suffix : suffixes) {
    if (key.size() > suffix.size() && key.ends_with(suffix)) return suffix;
  }
  return {};
}

bool IsFusedExpertName(std::string_view name) noexcept {
  return name.ends_with("experts.gate_up_proj") || name.ends_with("experts.down_proj");
}

PolarName RestoreName(std::string_view prefix) {
  PolarName result;
  result.slice = CutSlice(prefix);
  result.had_underscores =
      prefix.find('.') == std::string_view::npos && prefix.find("__") != std::string_view::npos;
  result.name = result.had_underscores ? UnderscoresToDots(prefix) : std::string(prefix);
  if (!result.slice && !result.name.ends_with(kWeightSuffix) && !IsFusedExpertName(result.name)) {
    result.had_no_weight = true;
    result.name += kWeightSuffix;
  }
  return result;
}

}  // namespace hlwq::checkpoint
