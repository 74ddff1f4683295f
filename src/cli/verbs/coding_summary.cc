#include "cli/verbs/coding_summary.h"

#include <fmt/format.h>

#include <map>

#include "base/number_text.h"
#include "base/text_table.h"

namespace hlwq::cli {
namespace {

// Tensors of one role and width, summed up.
struct Group {
  uint64_t tensors = 0;
  uint64_t weights = 0;
  uint64_t source_bytes = 0;
  uint64_t stored_bytes = 0;
  codec::ErrorStats errors;

  void Add(const checkpoint::TensorReport& report) {
    ++tensors;
    weights += ElementCount(report.shape).value_or(0);
    source_bytes += report.source_bytes;
    stored_bytes += report.stored_bytes;
    if (report.errors) errors.Merge(*report.errors);
  }
  std::vector<std::string> Cells(std::string name, std::string bits) const {
    const double per_weight =
        weights == 0 ? 0 : 8 * static_cast<double>(stored_bytes) / static_cast<double>(weights);
    return {std::move(name),
            std::move(bits),
            FormatCount(tensors),
            FormatBytes(source_bytes),
            FormatBytes(stored_bytes),
            fmt::format("{:.3f}", per_weight),
            errors.count > 0 ? FormatSnr(errors.SnrDb()) : "",
            errors.count > 0 ? FormatCosine(errors.Cosine()) : ""};
  }
};

}  // namespace

std::string RenderCodingSummary(const std::vector<checkpoint::TensorReport>& reports,
                                const TextLayout& layout) {
  std::map<std::pair<checkpoint::Role, int>, Group> coded;
  Group carried;
  Group all;
  for (const checkpoint::TensorReport& report : reports) {
    (report.is_quantized ? coded[{report.role, report.bits}] : carried).Add(report);
    all.Add(report);
  }
  using Align = TextTable::Align;
  TextTable table({{"tensors"},
                   {"bits", Align::kRight},
                   {"count", Align::kRight},
                   {"before", Align::kRight},
                   {"after", Align::kRight},
                   {"bits/weight", Align::kRight},
                   {"SNR dB", Align::kRight},
                   {"cosine", Align::kRight}});
  for (const auto& [key, group] : coded) {
    table.AddRow(
        group.Cells(std::string(checkpoint::RoleName(key.first)), std::to_string(key.second)));
  }
  if (carried.tensors > 0) table.AddRow(carried.Cells("carried over", ""));
  table.AddRule();
  table.AddRow(all.Cells("all", ""));
  return table.Render(layout);
}

}  // namespace hlwq::cli
