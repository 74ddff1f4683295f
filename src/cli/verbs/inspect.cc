// hlwq inspect: what a checkpoint is, from its headers.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "cli/verbs/inspection.h"

namespace hlwq::cli {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

Pairs Describe(const Inspection& inspection) {
  Pairs pairs = {{"format", inspection.format}};
  if (!inspection.model_type.empty()) pairs.emplace_back("model", inspection.model_type);
  if (!inspection.base_model.empty()) pairs.emplace_back("made from", inspection.base_model);
  for (const std::string& codec : inspection.codecs) pairs.emplace_back("codec", codec);
  pairs.emplace_back("files", fmt::format("{}, {}", FormatCount(inspection.files),
                                          FormatBytes(inspection.file_bytes)));
  pairs.emplace_back(
      "tensors",
      fmt::format("{}, {} of them coded ({} matrices)", FormatCount(inspection.tensors.size()),
                  FormatCount(inspection.coded_tensors), FormatCount(inspection.coded_matrices)));
  pairs.emplace_back("weights",
                     fmt::format("{}, {} of them coded ({})", FormatCount(inspection.weights),
                                 FormatCount(inspection.coded_weights),
                                 Percent(inspection.coded_weights, inspection.weights)));
  pairs.emplace_back("bits/weight", fmt::format("{:.3f}", inspection.BitsPerWeight()));
  if (!inspection.tool.empty()) pairs.emplace_back("written by", inspection.tool);
  for (const std::string& source : inspection.sources) pairs.emplace_back("source", source);
  return pairs;
}

std::string RenderTensors(const Inspection& inspection, const Stream& stream) {
  using Align = TextTable::Align;
  TextTable table({{"tensor"},
                   {"shape", Align::kRight},
                   {"stored as"},
                   {"bytes", Align::kRight},
                   {"bits/weight", Align::kRight}});
  for (const InspectedTensor& tensor : inspection.tensors) {
    table.AddRow({tensor.name, ShapeToString(tensor.shape), tensor.stored_as,
                  FormatBytes(tensor.stored_bytes), fmt::format("{:.3f}", tensor.BitsPerWeight())});
  }
  return table.Render(Style::For(stream), stream.is_terminal() ? stream.Width(120) : 400);
}

Pairs DescribeTensor(const InspectedTensor& tensor) {
  Pairs pairs = {{"tensor", tensor.name},
                 {"shape", ShapeToString(tensor.shape)},
                 {"dtype", std::string(DTypeName(tensor.dtype))},
                 {"role", std::string(checkpoint::RoleName(tensor.role))},
                 {"stored as", tensor.stored_as},
                 {"bytes", FormatCount(tensor.stored_bytes)},
                 {"bits/weight", fmt::format("{:.3f}", tensor.BitsPerWeight())}};
  if (tensor.layer >= 0) pairs.emplace_back("layer", std::to_string(tensor.layer));
  if (tensor.slices > 1) pairs.emplace_back("slices", FormatCount(tensor.slices));
  if (tensor.errors) {
    pairs.emplace_back("SNR", fmt::format("{:.2f} dB", tensor.errors->SnrDb()));
    pairs.emplace_back("cosine", fmt::format("{:.6f}", tensor.errors->Cosine()));
    pairs.emplace_back("largest error", fmt::format("{:.3g}", tensor.errors->max_abs_error));
  }
  for (const std::string& place : tensor.places) pairs.emplace_back("at", place);
  return pairs;
}

}  // namespace

int RunInspect(const Arguments& arguments) {
  const std::string path = arguments.Operand("PATH");
  const Inspection inspection = InspectCheckpoint(checkpoint::OpenCheckpoint(path));
  const Stream& out = Stream::Out();
  if (const auto name = arguments.FindText("tensor")) {
    const InspectedTensor* tensor = inspection.Find(*name);
    if (tensor == nullptr) {
      throw Error(ErrorCode::kNotFound, fmt::format("{}: no tensor '{}'", path, *name));
    }
    if (arguments.json()) {
      PrintJson(TensorToJson(*tensor));
    } else {
      out.Write(RenderPairs(DescribeTensor(*tensor), Style::For(out)));
    }
    return 0;
  }
  if (arguments.json()) {
    PrintJson(InspectionToJson(inspection));
    return 0;
  }
  out.Write(RenderPairs(Describe(inspection), Style::For(out)));
  if (!arguments.quiet()) out.Write("\n" + RenderTensors(inspection, out));
  for (const std::string& note : inspection.notes) PrintNote(arguments, note);
  return 0;
}

}  // namespace hlwq::cli
