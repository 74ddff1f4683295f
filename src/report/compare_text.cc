#include "report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/number_text.h"
#include "base/text_table.h"
#include "report/json_number.h"
#include "report/tensor_summary.h"

namespace hlwq::report {
namespace {

using checkpoint::TensorReport;
using nlohmann::json;
constexpr auto kRight = TextTable::Align::kRight;

std::string BitsCell(int low, int high) {
  if (high == 0) return "-";
  return low == high ? fmt::format("{}", high) : fmt::format("{}-{}", low, high);
}

std::string WorstTable(const CompareResult& result, const TextLayout& layout, size_t worst) {
  TextTable table({{"tensor"},
                   {"shape"},
                   {"bits", kRight},
                   {"SNR dB", kRight},
                   {"cosine", kRight},
                   {"max error", kRight}});
  const size_t shown = std::min(worst, result.tensors.size());
  for (const TensorReport& report : std::span(result.tensors).first(shown)) {
    table.AddRow({report.name, ShapeToString(report.shape), BitsCell(report.bits, report.bits),
                  FormatSnr(report.errors->SnrDb()), FormatCosine(report.errors->Cosine()),
                  FormatError(report.errors->max_abs_error)});
  }
  std::string out = table.Render(layout);
  if (shown < result.tensors.size()) {
    out += fmt::format("... and {} better ones\n", FormatCount(result.tensors.size() - shown));
  }
  return out;
}

std::string RoleTable(const TensorSummary& data, const TextLayout& layout) {
  TextTable table({{"role"},
                   {"tensors", kRight},
                   {"weights", kRight},
                   {"bits", kRight},
                   {"SNR dB", kRight},
                   {"worst", kRight},
                   {"cosine", kRight},
                   {"max error", kRight}});
  for (const Cell& cell : data.by_role) {
    table.AddRow({RoleLabel(cell.role), FormatCount(cell.tensors), FormatWeights(cell.errors.count),
                  BitsCell(cell.min_bits, cell.max_bits), FormatSnr(cell.errors.SnrDb()),
                  FormatSnr(cell.worst_snr), FormatCosine(cell.errors.Cosine()),
                  FormatError(cell.errors.max_abs_error)});
  }
  table.AddRule();
  table.AddRow({"all", FormatCount(data.rated.size()), FormatWeights(data.total.count), "",
                FormatSnr(data.total.SnrDb()),
                data.rated.empty() ? "" : FormatSnr(data.rated.front().snr),
                FormatCosine(data.total.Cosine()), FormatError(data.total.max_abs_error)});
  return table.Render(layout);
}

void AppendNames(std::string& out, const std::vector<std::string>& names, const char* what) {
  constexpr size_t kShown = 10;
  if (names.empty()) return;
  out += fmt::format("{} ({}):\n", what, FormatCount(names.size()));
  for (const std::string& name : std::span(names).first(std::min(kShown, names.size()))) {
    out += "  " + Printable(name) + '\n';
  }
  if (names.size() > kShown) {
    out += fmt::format("  ... and {} more\n", FormatCount(names.size() - kShown));
  }
}

json TensorJson(const TensorReport& report) {
  const codec::ErrorStats& errors = *report.errors;
  return {{"name", report.name},
          {"shape", report.shape},
          {"role", RoleName(report.role)},
          {"layer", report.layer},
          {"bits", report.bits},
          {"first_bytes", report.source_bytes},
          {"second_bytes", report.stored_bytes},
          {"snr_db", JsonNumber(errors.SnrDb())},
          {"cosine", JsonNumber(errors.Cosine())},
          {"max_abs_error", JsonNumber(errors.max_abs_error)}};
}

}  // namespace

std::string CompareToText(const CompareResult& result, const TextLayout& layout, size_t worst) {
  std::string out;
  if (!result.tensors.empty()) {
    const TensorSummary data = SummarizeTensors(result.tensors);
    out += WorstTable(result, layout, worst) + '\n' + RoleTable(data, layout);
    const uint64_t equal = data.exact_tensors + data.zero_tensors;
    out += fmt::format("{} of {} compared tensors are equal, value for value\n", FormatCount(equal),
                       FormatCount(data.rated.size()));
  } else {
    out += "no tensors were compared as numbers\n";
  }
  std::vector<std::string> differing;
  for (const ByteComparison& tensor : result.bytewise) {
    if (tensor.different_bytes == 0) continue;
    differing.push_back(fmt::format("{}: {} of {} bytes", tensor.name,
                                    FormatCount(tensor.different_bytes),
                                    FormatCount(tensor.bytes)));
  }
  if (!result.bytewise.empty()) {
    out += fmt::format("{} of {} tensors of other dtypes are equal, byte for byte\n",
                       FormatCount(result.bytewise.size() - differing.size()),
                       FormatCount(result.bytewise.size()));
  }
  std::vector<std::string> problems;
  for (const CompareProblem& problem : result.problems) {
    problems.push_back(fmt::format("{}: {}", problem.name, problem.what));
  }
  AppendNames(out, differing, "bytes differ");
  AppendNames(out, problems, "not comparable");
  AppendNames(out, result.only_in_first, "only in the first");
  AppendNames(out, result.only_in_second, "only in the second");
  return out;
}

json CompareToJson(const CompareResult& result) {
  json tensors = json::array();
  for (const TensorReport& report : result.tensors) tensors.push_back(TensorJson(report));
  json bytewise = json::array();
  for (const ByteComparison& tensor : result.bytewise) {
    bytewise.push_back({{"name", tensor.name},
                        {"dtype", DTypeName(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"bytes", tensor.bytes},
                        {"different_bytes", tensor.different_bytes}});
  }
  json problems = json::array();
  for (const CompareProblem& problem : result.problems) {
    problems.push_back({{"name", problem.name}, {"what", problem.what}});
  }
  json worst = nullptr;
  if (!result.tensors.empty()) worst = JsonNumber(result.tensors.front().errors->SnrDb());
  return {{"tensors", std::move(tensors)},
          {"bytewise", std::move(bytewise)},
          {"problems", std::move(problems)},
          {"only_in_first", result.only_in_first},
          {"only_in_second", result.only_in_second},
          {"notes", result.notes},
          {"total",
           {{"tensors", result.tensors.size()},
            {"weights", result.total.count},
            {"snr_db", JsonNumber(result.total.SnrDb())},
            {"worst_snr_db", std::move(worst)},
            {"cosine", JsonNumber(result.total.Cosine())},
            {"max_abs_error", JsonNumber(result.total.max_abs_error)}}}};
}

}  // namespace hlwq::report
