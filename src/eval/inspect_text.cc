#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/inspect.h"
#include "eval/json_number.h"
#include "eval/number_text.h"
#include "eval/role_group.h"
#include "eval/text_table.h"

namespace hlwq::eval {
namespace {

using nlohmann::json;
constexpr auto kLeft = TextTable::Align::kLeft;
constexpr auto kRight = TextTable::Align::kRight;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double BitsPerWeight(uint64_t bytes, uint64_t weights) { return 8 * Share(bytes, weights); }

// "label            value" lines.
void AppendFact(std::string& out, std::string_view label, std::string_view value) {
  if (!value.empty()) out += fmt::format("{:<22}{}\n", label, PrintableText(value));
}

std::string SpecText(const codec::CodecSpec& spec) {
  return fmt::format(
      "{} version {}, {} bits, table {}, blocks of {}, scales by {}, bit order {}", spec.name,
      spec.version, spec.bits, spec.table, spec.block_size, spec.scale_rule, spec.bit_order);
}

std::string SnrWithUnit(double snr) {
  return std::isfinite(snr) ? SnrText(snr) + " dB" : SnrText(snr);
}

std::string EncodingTable(const InspectResult& result) {
  TextTable table({kLeft, kRight, kRight, kRight, kRight});
  table.AddRow({"stored as", "tensors", "weights", "bytes", "bits/weight"});
  for (const EncodingUse& use : result.encodings) {
    table.AddRow({PrintableText(use.name), CountText(use.tensors), WeightsText(use.weights),
                  BytesText(use.bytes), BitsText(BitsPerWeight(use.bytes, use.weights))});
  }
  table.AddRow({"all", CountText(result.tensors.size()), WeightsText(result.weights),
                BytesText(result.bytes), BitsText(BitsPerWeight(result.bytes, result.weights))});
  return table.ToString();
}

std::string TensorTable(const std::vector<InspectedTensor>& tensors) {
  TextTable table({kLeft, kLeft, kLeft, kLeft, kRight, kRight});
  table.AddRow({"tensor", "shape", "stored as", "role", "bytes", "SNR dB"});
  for (const InspectedTensor& tensor : tensors) {
    table.AddRow({PrintableText(tensor.name), ShapeToString(tensor.shape),
                  PrintableText(tensor.storage), RoleLabel(tensor.role), CountText(tensor.bytes),
                  tensor.snr_db ? SnrText(*tensor.snr_db) : ""});
  }
  return table.ToString();
}

json TensorJson(const InspectedTensor& tensor) {
  json out = {{"name", tensor.name},         {"shape", tensor.shape},
              {"storage", tensor.storage},   {"is_quantized", tensor.is_quantized},
              {"role", RoleName(tensor.role)}, {"layer", tensor.layer},
              {"bytes", tensor.bytes}};
  if (tensor.snr_db) out["snr_db"] = JsonNumber(*tensor.snr_db);
  return out;
}

}  // namespace

std::string InspectToText(const InspectResult& result, bool list_tensors) {
  std::string out;
  AppendFact(out, "path", result.path);
  AppendFact(out, "format", result.format);
  AppendFact(out, "model type", result.model_type);
  for (const codec::CodecSpec& spec : result.specs) AppendFact(out, "codec", SpecText(spec));
  for (const auto& [label, value] : result.provenance) AppendFact(out, label, value);
  uint64_t file_bytes = 0;
  for (const auto& [name, bytes] : result.files) file_bytes += bytes;
  AppendFact(out, "files", fmt::format("{}, {}", result.files.size(), BytesText(file_bytes)));
  if (result.quantized_weights != 0) {
    AppendFact(out, "coverage",
               fmt::format("{} of {} weights are quantized ({})",
                           WeightsText(result.quantized_weights), WeightsText(result.weights),
                           PercentText(Share(result.quantized_weights, result.weights))));
    AppendFact(out, "bits per weight",
               fmt::format("{} where quantized, {} over all",
                           BitsText(BitsPerWeight(result.quantized_bytes,
                                                  result.quantized_weights)),
                           BitsText(BitsPerWeight(result.bytes, result.weights))));
  }
  if (result.matrices != 0) AppendFact(out, "coded matrices", CountText(result.matrices));
  if (result.recorded_errors) {
    AppendFact(out, "recorded SNR", SnrWithUnit(result.recorded_errors->SnrDb()));
  }
  out += '\n' + EncodingTable(result);
  if (list_tensors) out += '\n' + TensorTable(result.tensors);
  for (const std::string& note : result.notes) out += "note: " + PrintableText(note) + '\n';
  return out;
}

json InspectToJson(const InspectResult& result) {
  json files = json::array();
  for (const auto& [name, bytes] : result.files) files.push_back({{"name", name}, {"bytes", bytes}});
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

std::string TensorDetailToText(const TensorDetail& detail) {
  constexpr size_t kStretchesShown = 8;
  const InspectedTensor& tensor = detail.tensor;
  std::string out;
  AppendFact(out, "tensor", tensor.name);
  AppendFact(out, "shape", ShapeToString(tensor.shape));
  AppendFact(out, "dtype", detail.dtype);
  AppendFact(out, "role", RoleLabel(tensor.role));
  if (tensor.layer >= 0) AppendFact(out, "layer", fmt::format("{}", tensor.layer));
  AppendFact(out, "stored as", tensor.storage);
  if (detail.spec) AppendFact(out, "codec", SpecText(*detail.spec));
  AppendFact(out, "bytes", CountText(tensor.bytes));
  const size_t shown = std::min(kStretchesShown, detail.stretches.size());
  for (size_t index = 0; index < shown; ++index) {
    const TensorStretch& stretch = detail.stretches[index];
    AppendFact(out, "at", fmt::format("{}, offset {}, {} bytes", stretch.file, stretch.offset,
                                      stretch.bytes));
  }
  if (shown < detail.stretches.size()) {
    AppendFact(out, "", fmt::format("... and {} more", detail.stretches.size() - shown));
  }
  if (detail.values) {
    const TensorDetail::Values& values = *detail.values;
    AppendFact(out, "values", fmt::format("{}, of which {} zero, {} not finite",
                                          CountText(values.count), CountText(values.zeros),
                                          CountText(values.not_finite)));
    AppendFact(out, "range", fmt::format("{:.6g} to {:.6g}, largest magnitude {:.6g}", values.min,
                                         values.max, values.abs_max));
    AppendFact(out, "mean, deviation",
               fmt::format("{:.6g}, {:.6g}", values.mean, values.deviation));
  }
  if (detail.recorded_errors) {
    AppendFact(out, "recorded SNR", SnrWithUnit(detail.recorded_errors->SnrDb()));
    AppendFact(out, "recorded cosine", CosineText(detail.recorded_errors->Cosine()));
    AppendFact(out, "recorded max error", ErrorText(detail.recorded_errors->max_abs_error));
  }
  return out;
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
    out["values"] = {{"count", values.count},         {"zeros", values.zeros},
                     {"not_finite", values.not_finite}, {"min", values.min},
                     {"max", values.max},             {"mean", values.mean},
                     {"deviation", values.deviation}, {"abs_max", values.abs_max}};
  }
  if (detail.recorded_errors) {
    out["cosine"] = JsonNumber(detail.recorded_errors->Cosine());
    out["max_abs_error"] = JsonNumber(detail.recorded_errors->max_abs_error);
  }
  return out;
}

}  // namespace hlwq::eval
