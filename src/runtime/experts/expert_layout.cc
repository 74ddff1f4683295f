#include "runtime/experts/expert_layout.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"

namespace hlwq::runtime {
namespace {

using model::ConstBytes;
using model::ExpertMatrices;

// A part of an expert, and which of its parts it is.
struct Part {
  checkpoint::FileRange range;
  size_t index = 0;

  uint64_t end() const noexcept { return range.offset + range.bytes; }
};

// Where the parts lie, in the order of the file; parts without bytes lie nowhere. Returns how many
// there are with those.
size_t PartsOf(const ExpertMatrices& expert, ExpertLayout::RangeOf range_of,
               std::vector<Part>& parts) {
  size_t index = 0;
  for (const auto* matrix : {&expert.gate, &expert.up, &expert.down}) {
    model::ForEachPart(*matrix, [&](ConstBytes bytes) {
      const size_t own = index++;
      if (bytes.empty()) return;
      const std::optional<checkpoint::FileRange> range = range_of(bytes);
      if (!range) {
        throw Error(
            ErrorCode::kUnsupported,
            "the experts of this checkpoint are decoded when they are loaded, so they cannot "
            "be read one by one: want codes or 16-bit or 32-bit floats");
      }
      parts.push_back({*range, own});
    });
  }
  std::ranges::sort(
      parts, {}, [](const Part& part) { return std::tuple(part.range.file, part.range.offset); });
  return index;
}

}  // namespace

ExpertLayout::ExpertLayout(std::span<const std::vector<ExpertMatrices>> layers, RangeOf range_of)
    : layers_(layers) {
  size_t total = 0;
  for (const std::vector<ExpertMatrices>& experts : layers) {
    layer_begin_.push_back(total);
    total += experts.size();
    max_experts_ = std::max(max_experts_, experts.size());
    for (const ExpertMatrices& expert : experts) Add(expert, range_of);
  }
  stretches_begin_.push_back(stretches_.size());
}

void ExpertLayout::Add(const ExpertMatrices& expert, RangeOf range_of) {
  stretches_begin_.push_back(stretches_.size());
  places_begin_.push_back(places_.size());
  std::vector<Part> parts;
  const size_t first_place = places_.size();
  places_.resize(first_place + PartsOf(expert, range_of, parts));

  size_t room_begin = 0;
  for (size_t first = 0; first < parts.size();) {
    Stretch stretch{parts[first].range, room_begin};
    uint64_t end = parts[first].end();
    size_t last = first + 1;
    while (last < parts.size() && parts[last].range.file == stretch.range.file &&
           parts[last].range.offset < end + kMaxGapBytes) {
      end = std::max(end, parts[last++].end());
    }
    stretch.range.bytes = end - stretch.range.offset;
    const size_t begin = room_begin + io::FileStretch::LeadOf(stretch.range.offset);
    for (; first < last; ++first) {
      places_[first_place + parts[first].index] =
          begin + (parts[first].range.offset - stretch.range.offset);
    }
    stretches_.push_back(stretch);
    room_begin += io::FileStretch::RoomFor(stretch.range.offset, stretch.range.bytes);
  }
  slot_bytes_ = std::max(slot_bytes_, room_begin);
}

std::span<const ExpertLayout::Stretch> ExpertLayout::StretchesOf(ExpertId id) const noexcept {
  const size_t index = layer_begin_[id.layer] + id.expert;
  return std::span(stretches_)
      .subspan(stretches_begin_[index], stretches_begin_[index + 1] - stretches_begin_[index]);
}

void ExpertLayout::ReadsOf(ExpertId id, std::span<std::byte> slot,
                           std::vector<io::FileStretch>& stretches) const {
  stretches.clear();
  for (const auto& [range, room_begin] : StretchesOf(id)) {
    const uint64_t room = io::FileStretch::RoomFor(range.offset, range.bytes);
    stretches.push_back({range.file, range.offset, range.bytes, slot.subspan(room_begin, room)});
  }
}

uint64_t ExpertLayout::ReadBytes(ExpertId id) const noexcept {
  uint64_t bytes = 0;
  for (const Stretch& stretch : StretchesOf(id)) bytes += stretch.range.bytes;
  return bytes;
}

ExpertMatrices ExpertLayout::In(ExpertId id, std::span<const std::byte> slot) const {
  const ExpertMatrices& mapped = layers_[id.layer][id.expert];
  const size_t* place = places_.data() + places_begin_[layer_begin_[id.layer] + id.expert];
  const auto move = [&](ConstBytes bytes) {
    const size_t own = *place++;
    return bytes.empty() ? bytes : ConstBytes(slot.subspan(own, bytes.size()));
  };
  ExpertMatrices moved;
  moved.gate = model::Moved(mapped.gate, move);
  moved.up = model::Moved(mapped.up, move);
  moved.down = model::Moved(mapped.down, move);
  return moved;
}

}  // namespace hlwq::runtime
