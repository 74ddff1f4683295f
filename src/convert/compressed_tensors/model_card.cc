#include "convert/compressed_tensors/model_card.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/number_text.h"

namespace hlwq::convert {
namespace {

struct RoleSum {
  uint64_t matrices = 0;
  uint64_t weights = 0;
  uint64_t bytes = 0;
  codec::ErrorStats errors;
};

std::string_view RotationText(ExportRotation rotation) {
  switch (rotation) {
    case ExportRotation::kNone:
      return "The weights are in their own basis.";
    case ExportRotation::kOnline:
      return "The weights are stored rotated.";
    case ExportRotation::kFolded:
      return "A block-diagonal Walsh-Hadamard rotation of the residual stream is folded into the "
             "weights: engines need nothing at run time, and before quantization the model "
             "computes what the original does.";
  }
  return "";
}

// One line, whatever a name in it holds.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

}  // namespace

std::string RenderModelCard(const ModelCard& card, const checkpoint::Manifest& manifest) {
  std::map<checkpoint::Role, RoleSum> roles;
  uint64_t kept = 0;
  for (const checkpoint::TensorReport& report : manifest.reports) {
    if (!report.is_quantized) {
      ++kept;
      continue;
    }
    RoleSum& sum = roles[report.role];
    ++sum.matrices;
    sum.weights += ElementCount(report.shape).value_or(0);
    sum.bytes += report.stored_bytes;
    if (report.errors) sum.errors.Merge(*report.errors);
  }
  std::string text = "---\nlibrary_name: transformers\ntags:\n- compressed-tensors\n";
  text += fmt::format("- int{}\n- hlwq\n", card.bits);
  if (!card.base_model.empty()) {
    // A quoted YAML string is a JSON string.
    text += fmt::format("base_model: {}\n", nlohmann::json(card.base_model).dump());
  }
  text += fmt::format("---\n\n# INT{} for vLLM and transformers\n\n", card.bits);
  text += fmt::format(
      "Made by hlwq {} in the `pack-quantized` format of compressed-tensors{}. Scales of groups "
      "chosen by {}. {}\n\n",
      manifest.tool_version, manifest.calibration ? "" : ", without data",
      card.scale_rule == "mse" ? "least squared error" : "the largest weight",
      RotationText(card.rotation));
  if (manifest.calibration) {
    text +=
        fmt::format("Errors of columns are made good by later ones (GPTQ), calibrated with {}.\n\n",
                    OneLine(manifest.calibration->Describe()));
  }
  text += fmt::format("Weights read from: {} ({})\n\n", card.source_format, [&] {
    std::string names;
    for (const checkpoint::SourceFile& file : manifest.sources) {
      names += fmt::format("{}`{}` xxh3 {:016x}", names.empty() ? "" : ", ", OneLine(file.name),
                           file.xxh3);
    }
    return names.empty() ? "no files" : names;
  }());
  text += "| matrices | count | bits per weight | signal to noise, dB |\n|---|--:|--:|--:|\n";
  for (const auto& [role, sum] : roles) {
    text += fmt::format("| {} | {} | {:.3f} | {} |\n", checkpoint::RoleName(role), sum.matrices,
                        8.0 * static_cast<double>(sum.bytes) / static_cast<double>(sum.weights),
                        FormatSnr(sum.errors.SnrDb()));
  }
  text += fmt::format("\n{} other tensors keep their type.\n", kept);
  if (!card.notes.empty()) text += "\n## Notes\n\n";
  for (const std::string& note : card.notes) text += "- " + OneLine(note) + "\n";
  return text;
}

}  // namespace hlwq::convert
