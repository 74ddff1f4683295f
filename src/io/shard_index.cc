#include "io/shard_index.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace hlwq::io {
namespace {

using nlohmann::json;

}  // namespace

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

ShardIndex ParseShardIndex(std::string_view text) {
  const json document = ParseJson(text);
  const auto fail = [](std::string message) { throw Error(ErrorCode::kInvalidData, message); };
  if (!document.is_object() || !document.contains("weight_map") ||
      !document["weight_map"].is_object()) {
    fail("want an object with weight_map");
  }
  ShardIndex index;
  for (const auto& [tensor, file] : document["weight_map"].items()) {
    if (!file.is_string()) fail("weight_map: '" + tensor + "': want a file name");
    const auto& name = file.get_ref<const std::string&>();
    if (!IsPlainFileName(name)) {
      fail("weight_map: '" + tensor + "': want a file of the same folder, got '" + name + "'");
    }
    index.file_of_tensor.emplace(tensor, name);
  }
  const auto metadata = document.find("metadata");
  if (metadata != document.end() && metadata->is_object()) {
    const auto total = metadata->find("total_size");
    // Some writers leave a float here.
    if (total != metadata->end() && total->is_number_unsigned()) {
      index.total_size_bytes = total->get<uint64_t>();
    }
  }
  return index;
}

std::string SerializeShardIndex(const ShardIndex& index) {
  json document;
  document["metadata"]["total_size"] = index.total_size_bytes;
  document["weight_map"] = index.file_of_tensor;
  return document.dump(2) + "\n";
}

}  // namespace hlwq::io
