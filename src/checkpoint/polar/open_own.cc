// Checkpoints with our own section in polar_config.json: everything is recorded, everything is
// checked (docs/format-polar-state.md, P.3). Knows no codec: the parts are what Codec::Parts says.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "checkpoint/polar/names.h"
#include "checkpoint/polar/open.h"

namespace hlwq::checkpoint {
namespace {

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

MatrixShape SliceShape(const Shape& shape) {
  return {shape[shape.size() - 2], shape[shape.size() - 1]};
}

void CheckPart(const StoredTensors& stored, const TensorEntry& entry, const codec::Part& part) {
  if (entry.dtype != part.dtype || entry.shape != part.shape) {
    Fail(fmt::format("{}: want {} {}, got {} {}", stored.Where(entry), DTypeName(part.dtype),
                     ShapeToString(part.shape), DTypeName(entry.dtype),
                     ShapeToString(entry.shape)));
  }
  if (part.is_constant() && stored.Content(entry) != part.constant_data) {
    Fail(fmt::format("{}: content contradicts the shape recorded in polar_config.json",
                     stored.Where(entry)));
  }
}

PlacedEntry AssembleTensor(StoredTensors& stored, const std::string& name,
                           const PolarTensor& tensor, const codec::Codec& codec) {
  const MatrixShape matrix = SliceShape(tensor.shape);
  const std::vector<codec::Part> parts = codec.Parts(matrix);
  const bool is_fused = tensor.shape.size() == 3;
  const uint64_t num_slices = is_fused ? tensor.shape[0] : 1;
  PlacedEntry placed;
  placed.position = SIZE_MAX;
  CodedStorage coded{.spec = codec.spec(), .matrix = matrix, .slices = {}};
  // Not reserved: the count comes from a file, and a missing slice ends the loop.
  for (uint64_t slice = 0; slice < num_slices; ++slice) {
    const std::string prefix = is_fused ? fmt::format("{}_e{}", name, slice) : name;
    CodedSlice ranges;
    for (const codec::Part& part : parts) {
      const TensorEntry& entry = stored.Take(prefix + part.suffix);
      CheckPart(stored, entry, part);
      placed.position = std::min(placed.position, stored.Index(entry));
      if (!part.is_constant()) ranges.row_parts.push_back(StoredTensors::RangeOf(entry));
    }
    coded.slices.push_back(std::move(ranges));
  }
  placed.entry = {name, tensor.dtype, tensor.shape, std::move(coded)};
  return placed;
}

// A stored tensor that is named like a part of our codecs but is not listed would otherwise pass as
// a plain weight.
void CheckLeftovers(const PolarInput& input, const StoredTensors& stored,
                    const std::set<std::string>& suffixes) {
  for (const TensorEntry& entry : input.stored) {
    if (stored.IsTaken(entry)) continue;
    const auto ends_name = [&](const std::string& suffix) { return entry.name.ends_with(suffix); };
    if (std::ranges::any_of(suffixes, ends_name) || !UnpublishedSuffix(entry.name).empty()) {
      Fail(
          fmt::format("{}: belongs to no tensor listed in polar_config.json", stored.Where(entry)));
    }
  }
}

}  // namespace

PolarContents RecogniseOwnPolar(const PolarInput& input) {
  const HlwqSection& section = *input.polar_config.hlwq;
  std::vector<std::unique_ptr<const codec::Codec>> codecs;
  std::set<std::string> suffixes;
  for (size_t index = 0; index < section.specs.size(); ++index) {
    WithContext(fmt::format("polar_config.json: section hlwq: specs[{}]", index), [&] {
      codecs.push_back(codec::MakeReferenceCodec(section.specs[index]));
      for (const codec::Part& part : codecs.back()->Parts({1, 1})) suffixes.insert(part.suffix);
    });
  }
  StoredTensors stored(input);
  std::vector<PlacedEntry> coded;
  for (const auto& listed : section.tensors) {
    const std::string& name = listed.first;
    const PolarTensor& tensor = listed.second;
    coded.push_back(WithContext(fmt::format("tensor '{}'", name), [&] {
      return AssembleTensor(stored, name, tensor, *codecs[tensor.spec]);
    }));
  }
  CheckLeftovers(input, stored, suffixes);
  PolarContents contents;
  contents.format = Format::kPolarState;
  contents.tensors = FinishEntries(input, stored, std::move(coded));
  return contents;
}

}  // namespace hlwq::checkpoint
