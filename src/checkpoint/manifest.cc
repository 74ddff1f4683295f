#include "checkpoint/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/number_text.h"
#include "io/shard_index.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxManifestBytes = 1u << 30;
constexpr std::string_view kNoDigits = "0000000000000000";

// A file of the folder, or of one in it.
bool IsInFolder(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash == name.npos) return io::IsPlainFileName(name);
  return io::IsPlainFileName(name.substr(0, slash)) && io::IsPlainFileName(name.substr(slash + 1));
}

// Where the digits of manifest_xxh3 begin in a manifest's text. Keys are sorted, and names
// before it escape their quotes, so the first one is the manifest's own.
std::optional<size_t> FindDigits(std::string_view text) {
  constexpr std::string_view kKey = "\"manifest_xxh3\": \"";
  const size_t found = text.find(kKey);
  if (found == text.npos || text.size() - found < kKey.size() + kNoDigits.size()) {
    return std::nullopt;
  }
  return found + kKey.size();
}

uint64_t HashWithoutDigits(std::string_view text, size_t digits) {
  Xxh3Stream hash;
  const auto add = [&](std::string_view part) { hash.Update(std::as_bytes(std::span(part))); };
  add(text.substr(0, digits));
  add(kNoDigits);
  add(text.substr(digits + kNoDigits.size()));
  return hash.Digest();
}

json ToJson(const CalibrationRecord& calibration) {
  json record = {{"text", calibration.text},
                 {"tokens", calibration.tokens},
                 {"xxh3", HashToHex(calibration.xxh3)},
                 {"damping", calibration.damping},
                 {"propagation", calibration.propagation}};
  if (calibration.seed) record["seed"] = *calibration.seed;
  return record;
}

// Everything but the reports.
json HeadToJson(const Manifest& manifest) {
  json document;
  document["format_version"] = kManifestVersion;
  document["tool_version"] = manifest.tool_version;
  document["operation"] = manifest.operation;
  document["manifest_xxh3"] = kNoDigits;
  document["plan_xxh3"] = HashToHex(manifest.plan_xxh3);
  if (manifest.calibration) document["calibration"] = ToJson(*manifest.calibration);
  json sources = json::array();
  for (const SourceFile& source : manifest.sources) {
    sources.push_back(
        {{"name", source.name}, {"bytes", source.bytes}, {"xxh3", HashToHex(source.xxh3)}});
  }
  document["sources"] = std::move(sources);
  json& files = document["files"] = json::object();
  for (const auto& [name, file] : manifest.files) {
    files[name] = {{"bytes", file.bytes},
                   {file.is_shard ? "header_xxh3" : "xxh3", HashToHex(file.xxh3)}};
  }
  json& tensors = document["tensors"] = json::object();
  for (const auto& [name, hash] : manifest.tensors) tensors[name] = HashToHex(hash);
  return document;
}

uint64_t UintFrom(const json& object, const char* key) {
  return WithContext(key, [&] { return UnsignedValue(object.at(key)); });
}

CalibrationRecord CalibrationFromJson(const json& record) {
  CalibrationRecord calibration = {
      .text = record.at("text").get<std::string>(),
      .tokens = UintFrom(record, "tokens"),
      .xxh3 = HashFromHex(record.at("xxh3").get_ref<const std::string&>()),
      .seed = std::nullopt,
      .damping = record.at("damping").get<double>(),
      .propagation = record.value("propagation", 0.0)};
  if (record.contains("seed")) calibration.seed = UintFrom(record, "seed");
  return calibration;
}

Manifest ManifestFromJson(const json& document) {
  const auto hash = [](const json& value) {
    return HashFromHex(value.get_ref<const std::string&>());
  };
  try {
    const uint64_t version = UintFrom(document, "format_version");
    if (version != kManifestVersion) {
      throw Error(ErrorCode::kUnsupported, "format_version: want " +
                                               std::to_string(kManifestVersion) + ", got " +
                                               std::to_string(version));
    }
    Manifest manifest;
    manifest.tool_version = document.at("tool_version").get<std::string>();
    manifest.operation = document.at("operation").get<std::string>();
    manifest.plan_xxh3 = hash(document.at("plan_xxh3"));
    if (document.contains("calibration")) {
      manifest.calibration = CalibrationFromJson(document.at("calibration"));
    }
    for (const json& source : document.at("sources")) {
      manifest.sources.push_back({source.at("name").get<std::string>(), UintFrom(source, "bytes"),
                                  hash(source.at("xxh3"))});
    }
    for (const auto& [name, file] : document.at("files").items()) {
      if (!IsInFolder(name)) {
        throw Error(ErrorCode::kInvalidData,
                    "files: want names in the same folder, or one below, got '" + name + "'");
      }
      const bool is_shard = file.contains("header_xxh3");
      manifest.files[name] = {UintFrom(file, "bytes"), is_shard,
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

}  // namespace

std::string CalibrationRecord::Describe() const {
  const std::string origin = text == "self" ? "that the model wrote" : "of " + text;
  const std::string of_seed = seed ? fmt::format(" (seed {})", *seed) : "";
  return fmt::format("{} tokens {}{}, xxh3 {}, damping {}, propagation {}", FormatCount(tokens),
                     origin, of_seed, HashToHex(xxh3), damping, propagation);
}

bool SealManifestText(std::string& text) {
  const std::optional<size_t> digits = FindDigits(text);
  if (!digits) return false;
  text.replace(*digits, kNoDigits.size(), HashToHex(HashWithoutDigits(text, *digits)));
  return true;
}

std::string SerializeManifest(const Manifest& manifest) {
  std::string text = HeadToJson(manifest).dump(1);
  text.resize(text.rfind('\n'));  // the reports go before the closing brace
  // One at a time: as one document tree the reports of a large model would fill memory.
  text += ",\n \"reports\": [";
  for (const TensorReport& report : manifest.reports) {
    text += &report == manifest.reports.data() ? "\n  " : ",\n  ";
    text += ReportToJson(report).dump();
  }
  text += "\n ]\n}\n";
  SealManifestText(text);
  return text;
}

Manifest ParseManifest(std::string_view text) {
  const json document = ParseJson(text);
  Manifest manifest = ManifestFromJson(document);
  const std::optional<size_t> digits = FindDigits(text);
  if (!digits) {
    throw Error(ErrorCode::kInvalidData,
                "manifest_xxh3: want a checksum of the manifest, got none");
  }
  const std::string_view want = text.substr(*digits, kNoDigits.size());
  const std::string got = HashToHex(HashWithoutDigits(text, *digits));
  if (want != got) {
    throw Error(ErrorCode::kInvalidData,
                "checksum of the manifest: want " + std::string(want) + ", got " + got);
  }
  return manifest;
}

std::optional<Manifest> ReadManifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kManifestFileName;
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) return std::nullopt;
  const std::string text = ReadSmallFile(path, kMaxManifestBytes);
  return WithContext(path.string(), [&] { return ParseManifest(text); });
}

}  // namespace hlwq::checkpoint
