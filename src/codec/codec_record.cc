#include "codec/codec_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "base/error.h"

namespace hlwq::codec {
namespace {

constexpr std::array kRecords = {&kHlwqRecord, &kTrellisRecord, &kPackQuantizedRecord};
static_assert(kRecords.size() == std::variant_size_v<decltype(CodecSpec::parameters)>);

}  // namespace

std::span<const std::string_view> CodecNames() noexcept {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> of_polar_state;
    for (const CodecRecord* record : kRecords) {
      if (record->home != CodecHome::kCompressedTensors) of_polar_state.push_back(record->name);
    }
    return of_polar_state;
  }();
  return names;
}

std::span<const CodecRecord* const> CodecRecords() noexcept { return kRecords; }

const CodecRecord& RecordOf(const CodecSpec& spec) noexcept {
  return *kRecords[spec.parameters.index()];
}

const CodecRecord& RecordOf(std::string_view name) {
  const auto found = std::ranges::find(kRecords, name, &CodecRecord::name);
  if (found != kRecords.end()) return **found;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("unknown codec '{}' (want {})", name, fmt::join(CodecNames(), " or ")));
}

std::unique_ptr<const Codec> MakeReferenceCodec(const CodecSpec& spec) {
  return RecordOf(spec).make_reference(spec);
}

}  // namespace hlwq::codec
