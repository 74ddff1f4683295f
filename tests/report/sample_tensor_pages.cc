#include "tests/report/sample_tensor_pages.h"

#include <limits>

#include "report/pages/tensor_page.h"
#include "tests/report/synthetic_reports.h"

namespace hlwq::test {
namespace {

using checkpoint::Role;
using checkpoint::TensorReport;

report::TensorPageInput InputFor(const std::vector<TensorReport>& reports) {
  report::TensorPageInput input;
  input.codec = "hlwq, version 1";
  input.table = "lloyd-max";
  input.scale_rule = "search";
  input.levels = LevelsOf(reports);
  input.tool_version = "0.1.0";
  input.tensors = reports;
  return input;
}

std::string RenderModel(const std::string& title, const SyntheticModel& model, double seconds) {
  const std::vector<TensorReport> reports = MakeReports(model);
  report::TensorPageInput input = InputFor(reports);
  input.title = title;
  input.source = title;
  input.destination = title + "-HLWQ";
  input.seconds = seconds;
  input.facts = {{"Model type", "synthetic"}};
  input.notes = {"Tensors were classified by the catalog of the model type."};
  return report::RenderTensorPage(input);
}

// Two float checkpoints: no codes, equal sizes, some tensors equal, one all zero, one damaged.
std::string RenderComparison() {
  std::vector<TensorReport> reports = MakeReports({.layers = 24});
  for (size_t index = 0; index < reports.size(); ++index) {
    TensorReport& report = reports[index];
    report.is_quantized = false;
    report.bits = 0;
    report.stored_bytes = report.source_bytes;
    if (!report.errors) report.errors.emplace().count = *ElementCount(report.shape);
    report.errors->code_use = {};
    report.errors->coordinates = {};
    if (index % 5 == 0) report.errors->noise = report.errors->max_abs_error = 0;
  }
  reports[40].errors->noise = std::numeric_limits<double>::infinity();
  reports[40].errors->max_abs_error = std::numeric_limits<double>::infinity();
  reports[41].errors->noise = reports[41].errors->signal * 2.1;  // below 0 dB
  report::TensorPageInput input;
  input.kind = report::TensorPageKind::kComparison;
  input.title = "Original against dequantized";
  input.source = "original";
  input.destination = "dequantized";
  input.tensors = reports;
  return report::RenderTensorPage(input);
}

std::string RenderHostile() {
  std::vector<TensorReport> reports;
  const std::string name = "a<b>&\"c'\x01\xFF\xC0\x80\xED\xA0\x80 </title></svg><script>x</script>";
  reports.push_back(MakeQuantized(name, Role::kOther, 0, {256, 256}, 5, -1));
  reports.push_back(
      MakeQuantized(std::string(3000, 'n'), Role::kOther, 2'000'000'000, {1, 128}, 5, 0));
  TensorReport zero = MakeQuantized("zero", Role::kMlpUp, 1, {128, 128}, 5, 0);
  zero.errors = codec::ErrorStats{};
  zero.errors->zero_blocks = 128;
  reports.push_back(zero);
  TensorReport lost = MakeQuantized("lost", Role::kMlpUp, 0, {128, 128}, 5, 0);
  lost.errors->noise = std::numeric_limits<double>::infinity();
  reports.push_back(lost);
  reports.push_back(MakeCarried("empty", Role::kOther, -1, {0, 4}));
  report::TensorPageInput input = InputFor(reports);
  input.title = name;
  input.source = name;
  input.codec = name;
  input.notes = {name};
  input.facts = {{name, name}};
  return report::RenderTensorPage(input);
}

}  // namespace

std::map<std::string, std::string> RenderSampleTensorPages() {
  std::map<std::string, std::string> samples;
  samples["dense.html"] = RenderModel("Dense-7B", {.layers = 32, .hidden = 4096}, 11.4);
  samples["moe.html"] = RenderModel(
      "Sparse-35B-A3B", {.layers = 40, .experts = 375, .has_hybrid_attention = true}, 58.3);
  samples["deep-mixed.html"] =
      RenderModel("Deep-235B", {.layers = 94, .has_mixed_bits = true, .hidden = 6144}, 4210);
  samples["one-layer.html"] =
      RenderModel("One-Layer", {.layers = 1, .bits = 4, .hidden = 512}, 0.2);
  samples["eight-bits.html"] = RenderModel("Eight-Bits", {.layers = 6, .bits = 8}, 2.5);
  samples["compare.html"] = RenderComparison();
  samples["hostile.html"] = RenderHostile();
  samples["empty.html"] = report::RenderTensorPage({});
  const std::vector<TensorReport> carried = {
      MakeCarried("model.norm.weight", Role::kNorm, -1, {2048})};
  samples["carried-only.html"] = report::RenderTensorPage(InputFor(carried));
  return samples;
}

}  // namespace hlwq::test
