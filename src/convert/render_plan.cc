// A plan as a table and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "convert/plan.h"

namespace hlwq::convert {
namespace {

// "35,107,181,936"
std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

struct Unit {
  double size;
  const char* name;
};

std::string Scaled(uint64_t number, std::initializer_list<Unit> units) {
  for (const Unit& unit : units) {
    // Half a last digit early, so that 999,999 is not "1000.00 k".
    if (static_cast<double>(number) >= 0.999995 * unit.size) {
      return fmt::format("{:.2f} {}", static_cast<double>(number) / unit.size, unit.name);
    }
  }
  return fmt::format("{}", number);
}

std::string Bytes(uint64_t bytes) {
  return bytes < 1000 ? fmt::format("{} B", bytes)
                      : Scaled(bytes, {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}});
}

std::string Parameters(uint64_t number) {
  return Scaled(number, {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}});
}

// Rows of cells in columns as wide as their widest cell; the first column is words, the others are
// numbers and end at one edge. A row without cells is a rule.
class Table {
 public:
  explicit Table(std::vector<std::string> header) {
    Add(std::move(header));
    AddRule();
  }

  void Add(std::vector<std::string> cells) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (size_t column = 0; column < cells.size(); ++column) {
      widths_[column] = std::max(widths_[column], cells[column].size());
    }
    rows_.push_back(std::move(cells));
  }
  void AddRule() { rows_.emplace_back(); }

  void Render(std::string& out) const {
    size_t total = 2 * (widths_.size() - 1);
    for (const size_t width : widths_) total += width;
    for (const std::vector<std::string>& cells : rows_) {
      std::string line = "  ";
      if (cells.empty()) line.append(total, '-');
      for (size_t column = 0; column < cells.size(); ++column) {
        line += column == 0 ? fmt::format("{:<{}}", cells[column], widths_[column])
                            : fmt::format("  {:>{}}", cells[column], widths_[column]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
};

std::string BitsPerWeight(uint64_t bytes, uint64_t weights) {
  if (weights == 0) return "";
  return fmt::format("{:.3f}", 8.0 * static_cast<double>(bytes) / static_cast<double>(weights));
}

void AddRows(Table& table, const QuantizePlan& plan, bool is_coded) {
  for (const PlanRow& row : plan.rows) {
    if ((row.bits > 0) != is_coded) continue;
    table.Add({std::string(RoleName(row.role)), row.bits > 0 ? std::to_string(row.bits) : "keep",
               Grouped(row.tensors), row.bits > 0 ? Grouped(row.matrices) : "",
               Parameters(row.parameters), Bytes(row.source_bytes), Bytes(row.stored_bytes),
               BitsPerWeight(row.stored_bytes, row.parameters)});
  }
}

std::string Roles(const QuantizePlan& plan) {
  Table table({"role", "bits", "tensors", "matrices", "parameters", "now", "then", "bits/weight"});
  AddRows(table, plan, true);
  if (plan.matrices.total > 0 && plan.carried_tensors > 0) table.AddRule();
  AddRows(table, plan, false);
  table.AddRule();
  uint64_t tensors = 0;
  for (const PlanRow& row : plan.rows) tensors += row.tensors;
  const uint64_t stored_bytes = plan.coded_bytes + plan.carried_bytes;
  table.Add({"total", "", Grouped(tensors), Grouped(plan.matrices.total),
             Parameters(plan.parameters), Bytes(plan.source_bytes), Bytes(stored_bytes),
             BitsPerWeight(stored_bytes, plan.parameters)});
  std::string out;
  table.Render(out);
  return out;
}

struct Noun {
  const char* one;
  const char* many;
};

std::string Counted(uint64_t count, Noun noun) {
  return fmt::format("{} {}", Grouped(count), count == 1 ? noun.one : noun.many);
}

std::string Matrices(const PlanCounts& counts) {
  std::string out;
  const auto add = [&](uint64_t count, Noun noun) {
    if (count > 0) out += (out.empty() ? "" : " + ") + Counted(count, noun);
  };
  add(counts.expert_slices, {"expert slice", "expert slices"});
  add(counts.attention_projections, {"attention projection", "attention projections"});
  add(counts.shared_expert_matrices, {"shared-expert matrix", "shared-expert matrices"});
  add(counts.mlp_matrices, {"MLP matrix", "MLP matrices"});
  add(counts.other_matrices, {"other", "others"});
  return out;
}

std::string Parts(const QuantizePlan& plan) {
  std::string out;
  for (const PlanPart& part : plan.parts) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", part.suffix, Bytes(part.bytes));
  }
  return out;
}

}  // namespace

std::string RenderPlan(const QuantizePlan& plan) {
  std::string out = plan.source;
  if (!plan.model_type.empty()) out += fmt::format(" ({})", plan.model_type);
  out += fmt::format(", recipe {}\n\n{}\n", plan.recipe, Roles(plan));
  const auto line = [&](std::string_view label, const std::string& text) {
    out += fmt::format("  {:<12}{}\n", label, text);
  };
  line("matrices", plan.matrices.total == 0
                       ? "0"
                       : fmt::format("{} = {}", Grouped(plan.matrices.total),
                                     Matrices(plan.matrices)));
  line("keys", Grouped(plan.keys));
  line("parameters",
       fmt::format("{} of {} quantized, {:.1f} %", Parameters(plan.quantized_parameters),
                   Parameters(plan.parameters), 100 * plan.quantized_share()));
  if (plan.matrices.total > 0) {
    line("coded", fmt::format("{} at {:.3f} bits per weight: {}", Bytes(plan.coded_bytes),
                              plan.bits_per_weight(), Parts(plan)));
  }
  line("carried", fmt::format("{} in {}", Bytes(plan.carried_bytes),
                              Counted(plan.carried_tensors, {"tensor", "tensors"})));
  std::string shards = Counted(plan.shards, {"shard", "shards"});
  if (plan.shards > 1) shards += fmt::format(" of up to {}", Bytes(plan.largest_shard_bytes));
  line("output", fmt::format("{} in {}, from {}", Bytes(plan.output_bytes), shards,
                             Bytes(plan.source_bytes)));
  if (plan.matrices.total > 0) {
    line("", fmt::format("{} without the carried tensors", Bytes(plan.coded_file_bytes)));
  }
  if (plan.peak_memory_bytes) line("memory", fmt::format("at most {}", Bytes(*plan.peak_memory_bytes)));
  if (!plan.notes.empty()) out += "\n";
  for (const std::string& note : plan.notes) out += fmt::format("  note: {}\n", note);
  return out;
}

nlohmann::json PlanToJson(const QuantizePlan& plan) {
  using Json = nlohmann::json;
  Json rows = Json::array();
  for (const PlanRow& row : plan.rows) {
    rows.push_back({{"role", RoleName(row.role)}, {"bits", row.bits}, {"tensors", row.tensors},
                    {"matrices", row.matrices}, {"parameters", row.parameters},
                    {"source_bytes", row.source_bytes}, {"stored_bytes", row.stored_bytes}});
  }
  Json parts = Json::array();
  for (const PlanPart& part : plan.parts) {
    parts.push_back({{"suffix", part.suffix}, {"keys", part.keys}, {"bytes", part.bytes}});
  }
  Json json = {
      {"source", plan.source},
      {"model_type", plan.model_type},
      {"recipe", plan.recipe},
      {"matrices",
       {{"expert_slices", plan.matrices.expert_slices},
        {"attention_projections", plan.matrices.attention_projections},
        {"shared_expert_matrices", plan.matrices.shared_expert_matrices},
        {"mlp_matrices", plan.matrices.mlp_matrices},
        {"other_matrices", plan.matrices.other_matrices},
        {"total", plan.matrices.total}}},
      {"keys", plan.keys},
      {"quantized_parameters", plan.quantized_parameters},
      {"parameters", plan.parameters},
      {"quantized_share", plan.quantized_share()},
      {"bits_per_weight", plan.bits_per_weight()},
      {"bits_per_parameter", plan.bits_per_parameter()},
      {"source_bytes", plan.source_bytes},
      {"coded_bytes", plan.coded_bytes},
      {"weight_bytes", plan.weight_bytes},
      {"coded_file_bytes", plan.coded_file_bytes},
      {"carried_tensors", plan.carried_tensors},
      {"carried_bytes", plan.carried_bytes},
      {"output_bytes", plan.output_bytes},
      {"shards", plan.shards},
      {"largest_shard_bytes", plan.largest_shard_bytes},
      {"roles", std::move(rows)},
      {"parts", std::move(parts)},
      {"notes", plan.notes}};
  json["peak_memory_bytes"] = plan.peak_memory_bytes ? Json(*plan.peak_memory_bytes) : Json(nullptr);
  return json;
}

}  // namespace hlwq::convert
