#include "report/tensor_summary.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace hlwq::report {
namespace {

int SnrRank(double snr) noexcept {
  if (std::isnan(snr)) return 3;
  if (std::isinf(snr)) return snr < 0 ? 0 : 2;
  return 1;
}

uint64_t Weights(const checkpoint::TensorReport& report) {
  return ElementCount(report.shape).value_or(0);
}

std::vector<LayerColumn> MakeColumns(std::span<const checkpoint::TensorReport> reports,
                                     size_t max_columns) {
  std::set<int> layers;
  for (const auto& report : reports) {
    if (report.errors && report.layer >= 0) layers.insert(report.layer);
  }
  const size_t per_column = (layers.size() + max_columns - 1) / std::max<size_t>(max_columns, 1);
  std::vector<LayerColumn> columns;
  size_t in_column = per_column;
  for (const int layer : layers) {
    if (in_column == per_column) {
      columns.push_back({layer, layer});
      in_column = 0;
    }
    columns.back().last_layer = layer;
    ++in_column;
  }
  return columns;
}

size_t ColumnOf(const std::vector<LayerColumn>& columns, int layer) {
  const auto after = std::ranges::upper_bound(columns, layer, {}, &LayerColumn::first_layer);
  return static_cast<size_t>(after - columns.begin()) - 1;
}

std::vector<Cell> Values(std::map<std::pair<checkpoint::Role, size_t>, Cell>&& cells) {
  std::vector<Cell> out;
  out.reserve(cells.size());
  for (auto& [key, cell] : cells) {
    cell.role = key.first;
    cell.column = key.second;
    out.push_back(cell);
  }
  return out;
}

}  // namespace

bool HasCodes(const codec::ErrorStats& errors) noexcept {
  const auto is_counted = [](uint64_t count) { return count != 0; };
  return std::ranges::any_of(errors.coordinates, is_counted) ||
         std::ranges::any_of(errors.code_use, is_counted);
}

std::vector<float> LevelsAmongCoordinates(std::span<const float> levels,
                                          const codec::ErrorStats& stats) {
  std::vector<float> scaled(levels.begin(), levels.end());
  double energy = 0;
  double total = 0;
  for (size_t level = 0; level < std::min(levels.size(), stats.code_use.size()); ++level) {
    const auto use = static_cast<double>(stats.code_use[level]);
    energy += use * levels[level] * levels[level];
    total += use;
  }
  const double factor = std::sqrt(stats.decoded / stats.signal * total / energy);
  if (!std::isfinite(factor) || factor == 0) return scaled;
  for (float& level : scaled) level = static_cast<float>(level * factor);
  return scaled;
}

bool IsWorseSnr(double a, double b) noexcept {
  const int rank_a = SnrRank(a);
  const int rank_b = SnrRank(b);
  return rank_a != rank_b ? rank_a < rank_b : rank_a == 1 && a < b;
}

void Cell::Add(const checkpoint::TensorReport& report) {
  const double snr = report.errors->SnrDb();
  if (tensors == 0 || IsWorseSnr(snr, worst_snr)) worst_snr = snr;
  if (tensors == 0 || IsWorseSnr(best_snr, snr)) best_snr = snr;
  min_bits = tensors == 0 ? report.bits : std::min(min_bits, report.bits);
  max_bits = std::max(max_bits, report.bits);
  errors.Merge(*report.errors);
  ++tensors;
}

void SizeRow::Add(const checkpoint::TensorReport& report) {
  SizeRow row;
  const uint64_t weights = Weights(report);
  if (report.is_quantized) {
    row = {1, 0, weights, 0, report.source_bytes, report.stored_bytes, 0, 0};
  } else {
    row = {0, 1, 0, weights, 0, 0, report.source_bytes, report.stored_bytes};
  }
  Add(row);
}

void SizeRow::Add(const SizeRow& other) {
  quantized_tensors += other.quantized_tensors;
  carried_tensors += other.carried_tensors;
  quantized_weights += other.quantized_weights;
  carried_weights += other.carried_weights;
  quantized_before += other.quantized_before;
  quantized_after += other.quantized_after;
  carried_before += other.carried_before;
  carried_after += other.carried_after;
}

std::vector<double> FiniteSnrs(const TensorSummary& data) {
  std::vector<double> snrs;
  for (const RatedTensor& rated : data.rated) {
    if (std::isfinite(rated.snr)) snrs.push_back(rated.snr);
  }
  return snrs;
}

TensorSummary SummarizeTensors(std::span<const checkpoint::TensorReport> reports,
                               size_t max_columns) {
  TensorSummary data;
  data.columns = MakeColumns(reports, max_columns);
  std::map<std::pair<checkpoint::Role, size_t>, Cell> cells;
  std::map<std::pair<checkpoint::Role, size_t>, Cell> by_role;
  std::map<std::pair<checkpoint::Role, size_t>, Cell> outside;

  for (const auto& report : reports) {
    data.sizes[GroupOf(report.role)].Add(report);
    data.size_total.Add(report);
    if (!report.errors) continue;

    const codec::ErrorStats& errors = *report.errors;
    const double snr = errors.SnrDb();
    data.rated.push_back({&report, snr});
    data.exact_tensors += std::isinf(snr) && snr > 0;
    data.lost_tensors += std::isinf(snr) && snr < 0;
    data.zero_tensors += std::isnan(snr);
    data.total.Merge(errors);
    by_role[{report.role, 0}].Add(report);
    if (report.layer >= 0) {
      cells[{report.role, ColumnOf(data.columns, report.layer)}].Add(report);
    } else {
      outside[{report.role, 0}].Add(report);
    }
    if (HasCodes(errors)) data.by_bits[report.bits].Merge(errors);
  }

  data.cells = Values(std::move(cells));
  data.by_role = Values(std::move(by_role));
  data.outside = Values(std::move(outside));
  std::ranges::sort(data.rated, [](const RatedTensor& a, const RatedTensor& b) {
    if (IsWorseSnr(a.snr, b.snr)) return true;
    if (IsWorseSnr(b.snr, a.snr)) return false;
    return a.report->name < b.report->name;
  });
  return data;
}

}  // namespace hlwq::report
