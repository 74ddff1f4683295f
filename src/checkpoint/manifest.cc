#include "checkpoint/manifest.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"
#include "io/json.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxManifestBytes = 1u << 30;

}  // namespace

json ManifestToJson(const Manifest& manifest) {
  json document;
  document["format_version"] = kManifestVersion;
  document["tool_version"] = manifest.tool_version;
  document["operation"] = manifest.operation;
  document["plan_xxh3"] = HashToHex(manifest.plan_xxh3);
  json sources = json::array();
  for (const SourceFile& source : manifest.sources) {
    sources.push_back({{"name", source.name},
                       {"bytes", source.bytes},
                       {"xxh3", HashToHex(source.xxh3)}});
  }
  document["sources"] = std::move(sources);
  json& files = document["files"] = json::object();
  for (const auto& [name, file] : manifest.files) {
    files[name] = {{"bytes", file.bytes},
                   {file.is_shard ? "header_xxh3" : "xxh3", HashToHex(file.xxh3)}};
  }
  json& tensors = document["tensors"] = json::object();
  for (const auto& [name, hash] : manifest.tensors) tensors[name] = HashToHex(hash);
  json reports = json::array();
  for (const TensorReport& report : manifest.reports) reports.push_back(ReportToJson(report));
  document["reports"] = std::move(reports);
  return document;
}

Manifest ManifestFromJson(const json& document) {
  const auto hash = [](const json& value) { return HashFromHex(value.get_ref<const std::string&>()); };
  try {
    const int version = document.at("format_version").get<int>();
    if (version != kManifestVersion) {
      throw Error(ErrorCode::kUnsupported, "format_version: want " + std::to_string(kManifestVersion) +
                                               ", got " + std::to_string(version));
    }
    Manifest manifest;
    manifest.tool_version = document.at("tool_version").get<std::string>();
    manifest.operation = document.at("operation").get<std::string>();
    manifest.plan_xxh3 = hash(document.at("plan_xxh3"));
    for (const json& source : document.at("sources")) {
      manifest.sources.push_back({source.at("name").get<std::string>(),
                                  source.at("bytes").get<uint64_t>(), hash(source.at("xxh3"))});
    }
    for (const auto& [name, file] : document.at("files").items()) {
      const bool is_shard = file.contains("header_xxh3");
      manifest.files[name] = {file.at("bytes").get<uint64_t>(), is_shard,
                              hash(file.at(is_shard ? "header_xxh3" : "xxh3"))};
    }
    for (const auto& [name, value] : document.at("tensors").items()) {
      manifest.tensors[name] = hash(value);
    }
    for (const json& report : document.at("reports")) {
      manifest.reports.push_back(ReportFromJson(report));
    }
    return manifest;
  } catch (const json::exception& failure) {
    throw Error(ErrorCode::kInvalidData, std::string("manifest: ") + failure.what());
  }
}

std::optional<Manifest> ReadManifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kManifestFileName;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const json document = io::ReadJsonFile(path, kMaxManifestBytes);
  return WithContext(path.string(), [&] { return ManifestFromJson(document); });
}

}  // namespace hlwq::checkpoint
