#include "checkpoint/verify.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "checkpoint/manifest.h"
#include "checkpoint/shard.h"

namespace hlwq::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBufferBytes = 4u << 20;

std::string Mismatch(std::string_view what, const std::string& want, const std::string& got) {
  return std::string(what) + ": want " + want + ", got " + got;
}

uint64_t HashRange(const File& file, uint64_t offset, uint64_t bytes) {
  thread_local std::vector<std::byte> buffer(kBufferBytes);
  Xxh3Stream hash;
  for (uint64_t done = 0; done < bytes;) {
    const auto part = std::span(buffer).first(std::min(kBufferBytes, bytes - done));
    file.ReadAt(offset + done, part);
    hash.Update(part);
    done += part.size();
  }
  return hash.Digest();
}

struct Item {
  const Shard* shard = nullptr;
  const ShardTensor* tensor = nullptr;
  uint64_t want = 0;
  std::string problem;
};

void HashItems(std::vector<Item>& items, const VerifyOptions& options) {
  uint64_t bytes_total = 0;
  for (const Item& item : items) bytes_total += item.tensor->bytes;
  std::mutex progress_mutex;
  uint64_t bytes_done = 0, tensors_done = 0;
  ForEachTask(options.threads, items.size(), [&](size_t index) {
    Item& item = items[index];
    const uint64_t got = HashRange(item.shard->file, item.tensor->offset, item.tensor->bytes);
    if (got != item.want) {
      item.problem = Mismatch("checksum", HashToHex(item.want), HashToHex(got));
    }
    const std::scoped_lock lock(progress_mutex);
    bytes_done += item.tensor->bytes;
    ++tensors_done;
    if (options.progress) {
      options.progress({item.tensor->name, tensors_done, items.size(), bytes_done, bytes_total, 0});
    }
  });
}

}  // namespace

VerifyResult VerifyFolder(const fs::path& folder, const VerifyOptions& options) {
  const std::optional<Manifest> manifest = ReadManifest(folder);
  if (!manifest) {
    throw Error(ErrorCode::kNotFound,
                folder.string() + ": no " + kManifestFileName + ", so nothing to verify against");
  }
  VerifyResult result;
  std::vector<Shard> shards;
  shards.reserve(manifest->files.size());
  std::vector<Item> items;
  std::map<std::string, uint64_t> missing = manifest->tensors;
  for (const auto& [name, want] : manifest->files) {
    const fs::path path = folder / name;
    const auto report = [&result, file = name](std::string what) {
      result.problems.push_back({file, "", std::move(what)});
    };
    std::error_code failure;
    const uint64_t bytes = fs::file_size(path, failure);
    if (failure) {
      report("missing");
      continue;
    }
    ++result.files;
    if (bytes != want.bytes) {
      report(Mismatch("size", std::to_string(want.bytes), std::to_string(bytes)));
      if (want.is_shard) continue;
    }
    if (!want.is_shard) {
      const File file = File::OpenForRead(path);
      const uint64_t got = HashRange(file, 0, bytes);
      if (got != want.xxh3) report(Mismatch("checksum", HashToHex(want.xxh3), HashToHex(got)));
      result.bytes += bytes;
      continue;
    }
    try {
      shards.push_back(OpenShard(path));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidData) throw;
      report(error.what());
      continue;
    }
    const Shard& shard = shards.back();
    if (shard.header_hash != want.xxh3) {
      report(Mismatch("header checksum", HashToHex(want.xxh3), HashToHex(shard.header_hash)));
    }
    if (const auto offset = FindStrayByte(shard)) {
      report("byte " + std::to_string(*offset) + ", which no tensor holds: want 0");
    }
    for (const ShardTensor& tensor : shard.tensors) {
      const auto expected = manifest->tensors.find(tensor.name);
      if (expected == manifest->tensors.end()) {
        result.problems.push_back({name, tensor.name, "not in the manifest"});
        continue;
      }
      missing.erase(tensor.name);
      items.push_back({&shard, &tensor, expected->second, ""});
      result.bytes += tensor.bytes;
    }
  }
  HashItems(items, options);
  result.tensors = items.size();
  for (const Item& item : items) {
    if (!item.problem.empty()) {
      result.problems.push_back(
          {item.shard->file.path().filename().string(), item.tensor->name, item.problem});
    }
  }
  for (const auto& [name, hash] : missing) result.problems.push_back({"", name, "missing"});
  return result;
}

}  // namespace hlwq::checkpoint
