// A plan as a table and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/number_text.h"
#include "base/text_table.h"
#include "convert/plan.h"

namespace hlwq::convert {
namespace {

// Sizes are told to four digits here: they are there to be compared.
std::string Bytes(uint64_t bytes) { return FormatBytes(bytes, 4); }

std::string BitsPerWeight(uint64_t bytes, uint64_t weights) {
  if (weights == 0) return "";
  return fmt::format("{:.3f}", 8.0 * static_cast<double>(bytes) / static_cast<double>(weights));
}

void AddRows(TextTable& table, const QuantizePlan& plan, bool is_coded) {
  for (const PlanRow& row : plan.rows) {
    if ((row.bits > 0) != is_coded) continue;
    table.AddRow({std::string(RoleName(row.role)), row.bits > 0 ? std::to_string(row.bits) : "keep",
                  FormatCount(row.tensors), row.bits > 0 ? FormatCount(row.matrices) : "",
                  FormatWeights(row.parameters), Bytes(row.source_bytes), Bytes(row.stored_bytes),
                  BitsPerWeight(row.stored_bytes, row.parameters)});
  }
}

std::string Roles(const QuantizePlan& plan, const TextLayout& layout) {
  constexpr auto kRight = TextTable::Align::kRight;
  TextTable table({{"role"},
                   {"bits", kRight},
                   {"tensors", kRight},
                   {"matrices", kRight},
                   {"parameters", kRight},
                   {"now", kRight},
                   {"then", kRight},
                   {"bits/weight", kRight}});
  AddRows(table, plan, true);
  if (plan.matrices.total > 0 && plan.carried_tensors > 0) table.AddRule();
  AddRows(table, plan, false);
  table.AddRule();
  uint64_t tensors = 0;
  for (const PlanRow& row : plan.rows) tensors += row.tensors;
  const uint64_t stored_bytes = plan.coded_bytes + plan.carried_bytes;
  table.AddRow({"total", "", FormatCount(tensors), FormatCount(plan.matrices.total),
                FormatWeights(plan.parameters), Bytes(plan.source_bytes), Bytes(stored_bytes),
                BitsPerWeight(stored_bytes, plan.parameters)});
  return table.Render(layout);
}

struct Noun {
  const char* one;
  const char* many;
};

std::string Counted(uint64_t count, Noun noun) {
  return fmt::format("{} {}", FormatCount(count), count == 1 ? noun.one : noun.many);
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

std::string Sizes(const QuantizePlan& plan) {
  std::string out;
  for (const PlanSize& size : plan.sizes) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", size.bits, Bytes(size.output_bytes));
  }
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

std::string RenderPlan(const QuantizePlan& plan, const TextLayout& layout) {
  std::vector<std::pair<std::string, std::string>> facts;
  facts.emplace_back("matrices", plan.matrices.total == 0
                                     ? "0"
                                     : fmt::format("{} = {}", FormatCount(plan.matrices.total),
                                                   Matrices(plan.matrices)));
  facts.emplace_back("keys", FormatCount(plan.keys));
  facts.emplace_back(
      "parameters",
      fmt::format("{} of {} quantized, {}", FormatWeights(plan.quantized_parameters),
                  FormatWeights(plan.parameters), FormatPercent(plan.quantized_share())));
  if (plan.matrices.total > 0) {
    facts.emplace_back("coded",
                       fmt::format("{} at {:.3f} bits per weight: {}", Bytes(plan.coded_bytes),
                                   plan.bits_per_weight(), Parts(plan)));
  }
  facts.emplace_back("carried", fmt::format("{} in {}", Bytes(plan.carried_bytes),
                                            Counted(plan.carried_tensors, {"tensor", "tensors"})));
  std::string shards = Counted(plan.shards, {"shard", "shards"});
  if (plan.shards > 1) shards += fmt::format(" of up to {}", Bytes(plan.largest_shard_bytes));
  facts.emplace_back("output", fmt::format("{} in {}, from {}", Bytes(plan.output_bytes), shards,
                                           Bytes(plan.source_bytes)));
  if (plan.matrices.total > 0) {
    facts.emplace_back("",
                       fmt::format("{} without the carried tensors", Bytes(plan.coded_file_bytes)));
  }
  if (!plan.sizes.empty()) facts.emplace_back("by --bits", Sizes(plan));
  if (plan.peak_memory_bytes) {
    facts.emplace_back("memory", fmt::format("at most {}", FormatBytes(*plan.peak_memory_bytes)));
  }

  std::string out = Printable(plan.source);
  if (!plan.model_type.empty()) out += fmt::format(" ({})", Printable(plan.model_type));
  out += fmt::format(", recipe {}{}, codec {}\n\n{}\n{}", Printable(plan.recipe),
                     plan.bits > 0 ? fmt::format(" of {} bits", plan.bits) : "", plan.codec,
                     Roles(plan, layout), RenderPairs(facts, layout));
  if (!plan.notes.empty()) out += "\n";
  for (const std::string& note : plan.notes) out += fmt::format("note: {}\n", Printable(note));
  return out;
}

nlohmann::json PlanToJson(const QuantizePlan& plan) {
  using Json = nlohmann::json;
  Json rows = Json::array();
  for (const PlanRow& row : plan.rows) {
    rows.push_back({{"role", RoleName(row.role)},
                    {"bits", row.bits},
                    {"tensors", row.tensors},
                    {"matrices", row.matrices},
                    {"parameters", row.parameters},
                    {"source_bytes", row.source_bytes},
                    {"stored_bytes", row.stored_bytes}});
  }
  Json parts = Json::array();
  for (const PlanPart& part : plan.parts) {
    parts.push_back({{"suffix", part.suffix}, {"keys", part.keys}, {"bytes", part.bytes}});
  }
  Json sizes = Json::array();
  for (const PlanSize& size : plan.sizes) {
    sizes.push_back({{"bits", size.bits}, {"output_bytes", size.output_bytes}});
  }
  Json json = {{"source", plan.source},
               {"model_type", plan.model_type},
               {"recipe", plan.recipe},
               {"codec", plan.codec},
               {"bits", plan.bits},
               {"sizes", std::move(sizes)},
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
  json["peak_memory_bytes"] =
      plan.peak_memory_bytes ? Json(*plan.peak_memory_bytes) : Json(nullptr);
  return json;
}

}  // namespace hlwq::convert
