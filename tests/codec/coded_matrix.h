// A matrix with its coded row parts, for tests of codecs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "codec/codec.h"

namespace hlwq::test {

inline std::vector<float> GaussianMatrix(size_t rows, size_t in, float sigma, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> weights(rows * in);
  for (float& w : weights) w = normal(random);
  return weights;
}

// Buffers of a codec's row parts, in the order of Parts().
struct CodedMatrix {
  CodedMatrix(const codec::Codec& codec, size_t rows, size_t in) {
    for (const codec::Part& part : codec.Parts({rows, in})) {
      if (part.is_constant()) continue;
      parts.emplace_back(part.bytes);
      units.push_back(part.units);
    }
  }

  std::vector<std::span<std::byte>> Rows(size_t first, size_t count) {
    std::vector<std::span<std::byte>> rows;
    for (size_t i = 0; i < parts.size(); ++i) {
      rows.push_back(std::span(parts[i]).subspan(units[i].OffsetOf(first),
                                                 units[i].BytesOf({first, first + count})));
    }
    return rows;
  }
  std::vector<std::span<const std::byte>> ConstParts() const {
    return {parts.begin(), parts.end()};
  }

  std::vector<std::vector<std::byte>> parts;  // of "hlwq": packed codes, norms
  std::vector<RowUnits> units;
  codec::ErrorStats stats;
};

// The least width from `in` on that the codec takes: pack-quantized wants whole groups.
inline uint64_t WidthFrom(uint64_t in, const codec::CodecSpec& spec) {
  const auto* packed = std::get_if<codec::PackQuantizedParameters>(&spec.parameters);
  if (packed == nullptr || packed->scale_group == 0) return in;
  return CeilDiv<uint64_t>(in, packed->scale_group) * packed->scale_group;
}

// The refusal, an Error{kNonFinite}, of four rows of WidthFrom(300) from row 100 on that have `bad`
// in row 102, column 260; empty when they are coded.
inline std::string RefusalOf(const codec::Codec& codec, float bad) {
  const uint64_t in = WidthFrom(300, codec.spec());
  auto weights = GaussianMatrix(4, in, 0.03f);
  weights[2 * in + 260] = bad;
  CodedMatrix out(codec, 4, in);
  try {
    codec.EncodeRows(weights, in, 100, out.Rows(0, 4), out.stats);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNonFinite);
    return error.what();
  }
  return "";
}

// The spec with other words of its JSON form. Throws as codec::SpecFromJson.
inline codec::CodecSpec InWords(
    const codec::CodecSpec& spec,
    std::initializer_list<std::pair<const char*, nlohmann::json>> words) {
  nlohmann::json json = codec::SpecToJson(spec);
  for (const auto& [key, word] : words) json[key] = word;
  return codec::SpecFromJson(json);
}

// Every codec and width with its usual parameters.
inline std::vector<codec::CodecSpec> EverySpec() {
  std::vector<codec::CodecSpec> specs;
  for (const auto& [name, first, last] :
       {std::tuple{"hlwq", 1, 8}, std::tuple{"hlwq-t", 2, 6}, std::tuple{"pack-quantized", 2, 8}}) {
    for (int bits = first; bits <= last; ++bits) {
      specs.push_back(codec::DefaultSpec(name));
      specs.back().bits = bits;
    }
  }
  return specs;
}
// "hlwq_t_5", for names of tests.
inline std::string SpecName(const codec::CodecSpec& spec) {
  std::string name = codec::DescribeSpec(spec).name + "_" + std::to_string(spec.bits);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

inline CodedMatrix Encode(const codec::Codec& codec, std::span<const float> weights, size_t in) {
  const size_t rows = weights.size() / in;
  CodedMatrix out(codec, rows, in);
  const auto parts = out.Rows(0, rows);
  codec.EncodeRows(weights, in, 0, parts, out.stats);
  return out;
}

}  // namespace hlwq::test
