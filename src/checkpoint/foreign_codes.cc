#include "checkpoint/foreign_codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

// quant_method of transformers' configurations, and what people call it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kMethods = {{
    {"gptq", "GPTQ"},
    {"awq", "AWQ"},
    {"bitsandbytes", "bitsandbytes"},
    {"hqq", "HQQ"},
    {"exl2", "EXL2"},
    {"exl3", "EXL3"},
    {"aqlm", "AQLM"},
    {"vptq", "VPTQ"},
    {"quanto", "Quanto"},
    {"eetq", "EETQ"},
    {"higgs", "HIGGS"},
    {"torchao", "torchao"},
    {"bitnet", "BitNet"},
    {"spqr", "SpQR"},
    {"quark", "Quark"},
    {"fp_quant", "FP-Quant"},
    {"auto-round", "AutoRound"},
    {"quip", "QuIP"},
    {"sinq", "SINQ"},
    {"metal", "Metal"},
    {"fouroversix", "Four over Six"},
    {"marlin", "Marlin"},
}};

// How a tensor's name ends where config.json says nothing.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kSuffixes = {{
    {".qweight", "GPTQ or AWQ"},
    {".qzeros", "GPTQ or AWQ"},
    {".absmax", "bitsandbytes"},
    {".quant_map", "bitsandbytes"},
    {".W_q", "HQQ"},
    {".q_weight", "EXL2"},
    {".trellis", "EXL3"},
    {".suh", "EXL3"},
    {".codebooks", "AQLM"},
}};

std::string_view MethodOf(const nlohmann::json& config) {
  if (!config.is_object()) return {};
  const auto section = config.find("quantization_config");
  if (section == config.end() || !section->is_object()) return {};
  const auto method = section->find("quant_method");
  if (method == section->end() || !method->is_string()) return {};
  const auto known = std::ranges::find(kMethods, method->get_ref<const std::string&>(),
                                       [](const auto& row) { return row.first; });
  return known == kMethods.end() ? std::string_view() : known->second;
}

[[noreturn]] void Refuse(const std::string& where, std::string_view method) {
  throw Error(
      ErrorCode::kUnsupported,
      fmt::format(
          "{}: its weights are codes of {}, which are not read: take the model they were made from",
          where, method));
}

}  // namespace

void RefuseForeignCodes(const nlohmann::json& config, const std::string& where) {
  if (const std::string_view method = MethodOf(config); !method.empty()) Refuse(where, method);
}

void RefuseForeignCodes(const Checkpoint& checkpoint) {
  const std::string root = checkpoint.root.string();
  RefuseForeignCodes(checkpoint.config, root);
  for (const TensorEntry& entry : checkpoint.tensors) {
    for (const auto& [suffix, method] : kSuffixes) {
      if (entry.name.ends_with(suffix)) Refuse(root, method);
    }
  }
}

}  // namespace hlwq::checkpoint
