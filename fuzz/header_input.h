// Inputs of the fuzzers of checkpoint formats: fields with a zero byte between them, JSON documents
// first, then a safetensors header and the start of its data section (the rest reads as zeros).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "checkpoint/small_floats/rows.h"
#include "checkpoint/stored_tensors.h"
#include "io/safetensors.h"

namespace hlwq::fuzz {

inline void Require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view NextField(std::string_view& rest) {
  const size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

inline nlohmann::json ParseOrNull(std::string_view text) {
  return text.empty() ? nlohmann::json() : ParseJson(text);
}

// The tensors of one file that need not exist.
struct HeaderInput {
  uint64_t data_bytes = 0;
  std::vector<checkpoint::TensorEntry> stored;
  std::string_view data;

  // Borrows this.
  checkpoint::StoredInput Stored() const {
    return {.stored = stored,
            .file_names = {"fuzz.safetensors"},
            .read = [this](const checkpoint::FileRange& range, std::span<std::byte> out) {
              std::fill(out.begin(), out.end(), std::byte{0});
              if (range.offset >= data.size()) return;
              std::memcpy(out.data(), data.data() + range.offset,
                          std::min<size_t>(out.size(), data.size() - range.offset));
            }};
  }
};

// The size of the data section that the header claims; the header parser checks the claim.
inline uint64_t ClaimedBytes(const nlohmann::json& header) {
  uint64_t bytes = 0;
  if (!header.is_object()) return bytes;
  for (const nlohmann::json& entry : header) {
    if (!entry.is_object()) continue;
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end() || !offsets->is_array()) continue;
    for (const nlohmann::json& offset : *offsets) {
      if (offset.is_number_unsigned()) bytes = std::max(bytes, offset.get<uint64_t>());
    }
  }
  return bytes;
}

// From the header's field on. Throws Error as the header parser does.
inline HeaderInput ReadHeader(std::string_view rest) {
  const std::string_view header_text = NextField(rest);
  HeaderInput input;
  input.data_bytes = ClaimedBytes(ParseJson(header_text));
  input.data = rest;
  for (const auto& entry : io::ParseSafetensorsHeader(header_text, input.data_bytes).entries) {
    input.stored.push_back({entry.name, entry.dtype, entry.shape,
                            checkpoint::PlainStorage{{0, entry.begin, entry.bytes()}}});
  }
  return input;
}

// The parts of small floats hold as much as their shapes say.
inline void RequireSound(const checkpoint::TensorEntry& entry,
                         const checkpoint::ScaledStorage& scaled, uint64_t data_bytes) {
  const uint64_t slices = entry.elements() / (scaled.matrix.out * scaled.matrix.in);
  const uint64_t scale_rows = (scaled.matrix.out + scaled.scale_rows - 1) / scaled.scale_rows;
  Require(slices * scaled.matrix.out * scaled.matrix.in == entry.elements());
  Require(scaled.values.bytes == slices * scaled.matrix.out * checkpoint::ScaledRowBytes(scaled));
  Require(scaled.scales.bytes == slices * scale_rows * checkpoint::ScaleRowBytes(scaled));
  for (const checkpoint::FileRange& range : {scaled.values, scaled.scales}) {
    Require(range.offset <= data_bytes && range.bytes <= data_bytes - range.offset);
  }
}

// What is accepted has unique names, and parts as long as their codec wants, inside the data.
inline void RequireSound(std::span<const checkpoint::TensorEntry> tensors, uint64_t data_bytes) {
  std::vector<std::string_view> names;
  for (const checkpoint::TensorEntry& entry : tensors) {
    names.push_back(entry.name);
    if (const auto* scaled = std::get_if<checkpoint::ScaledStorage>(&entry.storage)) {
      RequireSound(entry, *scaled, data_bytes);
    }
    const auto* coded = std::get_if<checkpoint::CodedStorage>(&entry.storage);
    if (coded == nullptr) continue;
    Require(entry.shape.size() == 2 ? coded->slices.size() == 1
                                    : coded->slices.size() == entry.shape.at(0));
    Require(coded->matrix.in == entry.shape.back());
    Require(coded->matrix.out == entry.shape[entry.shape.size() - 2]);
    const auto codec = codec::MakeReferenceCodec(coded->spec);
    for (const auto& slice : coded->slices) {
      size_t index = 0;
      for (const auto& part : codec->Parts(coded->matrix)) {
        if (part.is_constant()) continue;
        const checkpoint::FileRange& range = slice.row_parts.at(index);
        const bool is_wide = index == 1 && coded->norm_dtype == DType::kF32;
        Require(range.bytes == part.bytes * (is_wide ? 2 : 1));
        Require(range.offset <= data_bytes && range.bytes <= data_bytes - range.offset);
        ++index;
      }
      Require(index == slice.row_parts.size());
    }
  }
  std::ranges::sort(names);
  Require(std::ranges::adjacent_find(names) == names.end());
}

}  // namespace hlwq::fuzz
