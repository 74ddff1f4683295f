#include "convert/safetensors_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "base/error.h"
#include "io/safetensors.h"

namespace hlwq::convert {
namespace {

// Element size classes in falling order keep each tensor aligned without holes: plain tensors (and
// the small constant parts) by class, then codes, whose row parts are of 1- and 2-byte elements and
// even lengths, then plain bytes, which may have odd lengths.
int StorageClass(const OutputTensor& tensor) {
  const unsigned bits = BitsPerElement(tensor.dtype);
  if (tensor.is_code && bits < 64) return 3;
  if (bits >= 64) return 0;
  if (bits == 32) return 1;
  if (bits == 16) return 2;
  return 4;
}

std::string ShardName(size_t shard, size_t count) {
  if (count == 1) return "model.safetensors";
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, count);
}

}  // namespace

OutputLayout LayOutSafetensors(std::span<const OutputTensor> tensors, uint64_t max_shard_bytes) {
  std::vector<OutputShard> shards;
  std::vector<OutputPlace> places(tensors.size());
  uint64_t data_bytes = 0;
  std::set<std::string_view> names;
  for (const OutputTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      throw Error(ErrorCode::kInvalidData, "output tensor '" + tensor.name + "' occurs twice");
    }
    data_bytes += tensor.bytes;
  }
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return tensors[a].group < tensors[b].group; });

  std::vector<std::vector<size_t>> members(1);
  uint64_t filled = 0;
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    uint64_t group_bytes = 0;
    while (last < order.size() && tensors[order[last]].group == tensors[order[first]].group) {
      group_bytes += tensors[order[last++]].bytes;
    }
    if (filled > 0 && filled + group_bytes > max_shard_bytes) {
      members.emplace_back();
      filled = 0;
    }
    filled += group_bytes;
    members.back().insert(members.back().end(), order.begin() + first, order.begin() + last);
    first = last;
  }

  for (size_t shard = 0; shard < members.size(); ++shard) {
    std::stable_sort(members[shard].begin(), members[shard].end(), [&](size_t a, size_t b) {
      return StorageClass(tensors[a]) < StorageClass(tensors[b]);
    });
    std::vector<io::SafetensorsEntry> entries;
    uint64_t position = 0;
    for (const size_t tensor : members[shard]) {
      const OutputTensor& t = tensors[tensor];
      entries.push_back({t.name, t.dtype, t.shape, position, position + t.bytes});
      position += t.bytes;
    }
    OutputShard out;
    out.file_name = ShardName(shard, members.size());
    out.header = io::SerializeSafetensorsHeader(entries, {{"format", "pt"}});
    out.file_bytes = out.header.size() + position;
    for (size_t index = 0; index < entries.size(); ++index) {
      places[members[shard][index]] = {shard, out.header.size() + entries[index].begin};
    }
    shards.push_back(std::move(out));
  }
  return {std::move(shards), std::move(places), data_bytes};
}

}  // namespace hlwq::convert
