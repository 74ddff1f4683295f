// polar_config.json and the recognition of polar_state over a list of stored tensors. An input is
// four fields with a zero byte between them: polar_config.json, config.json, a safetensors header,
// and the start of its data section (the rest reads as zeros). Only hlwq::Error may come out, and
// what is accepted must fit the data section.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "checkpoint/open_polar.h"
#include "io/safetensors.h"

namespace {

using hlwq::checkpoint::CodedStorage;
using hlwq::checkpoint::FileRange;
using hlwq::checkpoint::PlainStorage;
using hlwq::checkpoint::PolarContents;
using hlwq::checkpoint::TensorEntry;
using nlohmann::json;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string_view NextField(std::string_view& rest) {
  const size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

json ParseOrNull(std::string_view text) {
  return text.empty() ? json() : hlwq::ParseJson(text);
}

// The size of the data section that the header claims; the header parser checks the claim.
uint64_t ClaimedBytes(const json& header) {
  uint64_t bytes = 0;
  if (!header.is_object()) return bytes;
  for (const json& entry : header) {
    if (!entry.is_object()) continue;
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end() || !offsets->is_array()) continue;
    for (const json& offset : *offsets) {
      if (offset.is_number_unsigned()) bytes = std::max(bytes, offset.get<uint64_t>());
    }
  }
  return bytes;
}

void CheckContents(const PolarContents& contents, uint64_t data_bytes) {
  std::set<std::string_view> names;
  for (const TensorEntry& entry : contents.tensors) {
    Require(names.insert(entry.name).second);
    const auto* coded = std::get_if<CodedStorage>(&entry.storage);
    if (coded == nullptr) continue;
    Require(entry.shape.size() == 2 ? coded->slices.size() == 1
                                    : coded->slices.size() == entry.shape.at(0));
    Require(coded->matrix.in == entry.shape.back());
    Require(coded->matrix.out == entry.shape[entry.shape.size() - 2]);
    const auto codec = hlwq::codec::MakeReferenceCodec(coded->spec);
    for (const auto& slice : coded->slices) {
      size_t index = 0;
      for (const auto& part : codec->Parts(coded->matrix)) {
        if (part.bytes_per_row == 0) continue;
        const FileRange& range = slice.row_parts.at(index);
        const bool is_wide = index == 1 && coded->norm_dtype == hlwq::DType::kF32;
        Require(range.bytes == part.bytes * (is_wide ? 2 : 1));
        Require(range.offset <= data_bytes && range.bytes <= data_bytes - range.offset);
        ++index;
      }
      Require(index == slice.row_parts.size());
    }
  }
}

void Recognise(std::string_view input) {
  const json polar_json = ParseOrNull(NextField(input));
  const json config = ParseOrNull(NextField(input));
  const std::string_view header_text = NextField(input);
  const std::string_view data = input;
  const auto polar_config = hlwq::checkpoint::ParsePolarConfig(polar_json);
  // What is accepted survives being written and read again.
  Require(hlwq::checkpoint::ParsePolarConfig(hlwq::checkpoint::PolarConfigToJson(polar_config)) ==
          polar_config);

  const uint64_t data_bytes = ClaimedBytes(hlwq::ParseJson(header_text));
  const auto header = hlwq::io::ParseSafetensorsHeader(header_text, data_bytes);
  std::vector<TensorEntry> stored;
  for (const auto& entry : header.entries) {
    stored.push_back(
        {entry.name, entry.dtype, entry.shape, PlainStorage{{0, entry.begin, entry.bytes()}}});
  }
  const hlwq::checkpoint::PolarInput polar{
      .stored = stored,
      .file_names = {"fuzz.safetensors"},
      .config = config,
      .polar_config = polar_config,
      .read = [&](const FileRange& range, std::span<std::byte> out) {
        std::fill(out.begin(), out.end(), std::byte{0});
        if (range.offset >= data.size()) return;
        std::memcpy(out.data(), data.data() + range.offset,
                    std::min<size_t>(out.size(), data.size() - range.offset));
      }};
  CheckContents(hlwq::checkpoint::RecognisePolar(polar), data_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Recognise({reinterpret_cast<const char*>(data), size});
  } catch (const hlwq::Error&) {
    // A refusal is a good answer.
  }
  return 0;
}
