#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "report/inspect.h"
#include "report/json_number.h"
#include "report/role_group.h"

namespace hlwq::report {
namespace {

using nlohmann::json;
constexpr auto kRight = TextTable::Align::kRight;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double BitsPerWeight(uint64_t bytes, uint64_t weights) { return 8 * Share(bytes, weights); }

using Facts = std::vector<std::pair<std::string, std::string>>;

void AddFact(Facts& facts, std::string_view label, std::string_view value) {
  if (!value.empty()) facts.emplace_back(label, value);
}

std::string SpecText(const codec::CodecSpec& spec) {
  const codec::SpecWords words = codec::DescribeSpec(spec);
  const std::string group =
      words.scale_group == 0 ? "whole rows" : fmt::to_string(words.scale_group);
  return fmt::format(
      "{} version {}, {} bits, table {}, blocks of {}, scales of {} ({}), bit order {}", words.name,
      words.version, spec.bits, words.table, words.block_size, group, words.scale_rule,
      words.bit_order);
}

std::string SnrWithUnit(double snr) {
  return std::isfinite(snr) ? FormatSnr(snr) + " dB" : FormatSnr(snr);
}

std::string EncodingTable(const InspectResult& result, const TextLayout& layout) {
  TextTable table({{"stored as"},
                   {"tensors", kRight},
                   {"weights", kRight},
                   {"bytes", kRight},
                   {"bits/weight", kRight}});
  for (const EncodingUse& use : result.encodings) {
    table.AddRow({use.name, FormatCount(use.tensors), FormatWeights(use.weights),
                  FormatBytes(use.bytes, 4), FormatBits(BitsPerWeight(use.bytes, use.weights))});
  }
  table.AddRule();
  table.AddRow({"all", FormatCount(result.tensors.size()), FormatWeights(result.weights),
                FormatBytes(result.bytes, 4),
                FormatBits(BitsPerWeight(result.bytes, result.weights))});
  return table.Render(layout);
}

std::string TensorTable(const std::vector<InspectedTensor>& tensors, const TextLayout& layout) {
  TextTable table(
      {{"tensor"}, {"shape"}, {"stored as"}, {"role"}, {"bytes", kRight}, {"SNR dB", kRight}});
  for (const InspectedTensor& tensor : tensors) {
    table.AddRow({tensor.name, ShapeToString(tensor.shape), tensor.storage, RoleLabel(tensor.role),
                  FormatCount(tensor.bytes), tensor.snr_db ? FormatSnr(*tensor.snr_db) : ""});
  }
  return table.Render(layout);
}

json TensorJson(const InspectedTensor& tensor) {
  json out = {{"name", tensor.name},           {"shape", tensor.shape},
              {"storage", tensor.storage},     {"is_quantized", tensor.is_quantized},
              {"role", RoleName(tensor.role)}, {"layer", tensor.layer},
              {"bytes", tensor.bytes}};
  if (tensor.snr_db) out["snr_db"] = JsonNumber(*tensor.snr_db);
  return out;
}

}  // namespace

std::string InspectToText(const InspectResult& result, bool list_tensors,
                          const TextLayout& layout) {
  Facts facts;
  AddFact(facts, "path", result.path);
  AddFact(facts, "format", result.format);
  AddFact(facts, "model type", result.model_type);
  for (const codec::CodecSpec& spec : result.specs) AddFact(facts, "codec", SpecText(spec));
  for (const auto& [label, value] : result.provenance) AddFact(facts, label, value);
  uint64_t file_bytes = 0;
  for (const auto& [name, bytes] : result.files) file_bytes += bytes;
  AddFact(facts, "files", fmt::format("{}, {}", result.files.size(), FormatBytes(file_bytes, 4)));
  if (result.quantized_weights != 0) {
    AddFact(facts, "coverage",
            fmt::format("{} of {} weights are quantized ({})",
                        FormatWeights(result.quantized_weights), FormatWeights(result.weights),
                        FormatPercent(Share(result.quantized_weights, result.weights))));
    AddFact(facts, "bits per weight",
            fmt::format("{} where quantized, {} over all",
                        FormatBits(BitsPerWeight(result.quantized_bytes, result.quantized_weights)),
                        FormatBits(BitsPerWeight(result.bytes, result.weights))));
  }
  if (result.matrices != 0) AddFact(facts, "coded matrices", FormatCount(result.matrices));
  if (result.recorded_errors) {
    AddFact(facts, "recorded SNR", SnrWithUnit(result.recorded_errors->SnrDb()));
  }
  std::string out = RenderPairs(facts, layout) + '\n' + EncodingTable(result, layout);
  if (list_tensors) out += '\n' + TensorTable(result.tensors, layout);
  for (const std::string& note : result.notes) out += "note: " + Printable(note) + '\n';
  return out;
}

json InspectToJson(const InspectResult& result) {
  json files = json::array();
  for (const auto& [name, bytes] : result.files)
    files.push_back({{"name", name}, {"bytes", bytes}});
  json encodings = json::array();
  for (const EncodingUse& use : result.encodings) {
    encodings.push_back({{"name", use.name},
                         {"is_quantized", use.is_quantized},
                         {"tensors", use.tensors},
                         {"weights", use.weights},
                         {"bytes", use.bytes},
                         {"bits_per_weight", BitsPerWeight(use.bytes, use.weights)}});
  }
  json specs = json::array();
  for (const codec::CodecSpec& spec : result.specs) specs.push_back(SpecToJson(spec));
  json provenance = json::array();
  for (const auto& [label, value] : result.provenance) {
    provenance.push_back({{"what", label}, {"value", value}});
  }
  json tensors = json::array();
  for (const InspectedTensor& tensor : result.tensors) tensors.push_back(TensorJson(tensor));
  json out = {{"path", result.path},
              {"format", result.format},
              {"model_type", result.model_type},
              {"files", std::move(files)},
              {"encodings", std::move(encodings)},
              {"codecs", std::move(specs)},
              {"provenance", std::move(provenance)},
              {"coded_matrices", result.matrices},
              {"weights", result.weights},
              {"quantized_weights", result.quantized_weights},
              {"coverage", Share(result.quantized_weights, result.weights)},
              {"bytes", result.bytes},
              {"quantized_bytes", result.quantized_bytes},
              {"bits_per_weight", BitsPerWeight(result.bytes, result.weights)},
              {"tensors", std::move(tensors)},
              {"notes", result.notes}};
  if (result.recorded_errors) out["snr_db"] = JsonNumber(result.recorded_errors->SnrDb());
  return out;
}

std::string TensorDetailToText(const TensorDetail& detail, const TextLayout& layout) {
  constexpr size_t kStretchesShown = 8;
  const InspectedTensor& tensor = detail.tensor;
  Facts facts;
  AddFact(facts, "tensor", tensor.name);
  AddFact(facts, "shape", ShapeToString(tensor.shape));
  AddFact(facts, "dtype", detail.dtype);
  AddFact(facts, "role", RoleLabel(tensor.role));
  if (tensor.layer >= 0) AddFact(facts, "layer", fmt::format("{}", tensor.layer));
  AddFact(facts, "stored as", tensor.storage);
  if (detail.spec) AddFact(facts, "codec", SpecText(*detail.spec));
  AddFact(facts, "bytes", FormatCount(tensor.bytes));
  const size_t shown = std::min(kStretchesShown, detail.stretches.size());
  for (size_t index = 0; index < shown; ++index) {
    const TensorStretch& stretch = detail.stretches[index];
    AddFact(facts, "at",
            fmt::format("{}, offset {}, {} bytes", stretch.file, stretch.offset, stretch.bytes));
  }
  if (shown < detail.stretches.size()) {
    AddFact(facts, "", fmt::format("... and {} more", detail.stretches.size() - shown));
  }
  if (detail.values) {
    const TensorDetail::Values& values = *detail.values;
    AddFact(facts, "values",
            fmt::format("{}, of which {} zero, {} not finite", FormatCount(values.count),
                        FormatCount(values.zeros), FormatCount(values.not_finite)));
    AddFact(facts, "range",
            fmt::format("{:.6g} to {:.6g}, largest magnitude {:.6g}", values.min, values.max,
                        values.abs_max));
    AddFact(facts, "mean, deviation", fmt::format("{:.6g}, {:.6g}", values.mean, values.deviation));
  }
  if (detail.recorded_errors) {
    AddFact(facts, "recorded SNR", SnrWithUnit(detail.recorded_errors->SnrDb()));
    AddFact(facts, "recorded cosine", FormatCosine(detail.recorded_errors->Cosine()));
    AddFact(facts, "recorded max error", FormatError(detail.recorded_errors->max_abs_error));
  }
  return RenderPairs(facts, layout);
}

json TensorDetailToJson(const TensorDetail& detail) {
  json out = TensorJson(detail.tensor);
  out["dtype"] = detail.dtype;
  json& stretches = out["stored_at"] = json::array();
  for (const TensorStretch& stretch : detail.stretches) {
    stretches.push_back(
        {{"file", stretch.file}, {"offset", stretch.offset}, {"bytes", stretch.bytes}});
  }
  if (detail.spec) out["codec"] = SpecToJson(*detail.spec);
  if (detail.values) {
    const TensorDetail::Values& values = *detail.values;
    out["values"] = {{"count", values.count},
                     {"zeros", values.zeros},
                     {"not_finite", values.not_finite},
                     {"min", values.min},
                     {"max", values.max},
                     {"mean", values.mean},
                     {"deviation", values.deviation},
                     {"abs_max", values.abs_max}};
  }
  if (detail.recorded_errors) {
    out["cosine"] = JsonNumber(detail.recorded_errors->Cosine());
    out["max_abs_error"] = JsonNumber(detail.recorded_errors->max_abs_error);
  }
  return out;
}

}  // namespace hlwq::report
