// What a plan is made of: the tensors of a config or of a checkpoint's headers.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "convert/plan.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
using checkpoint::TensorSpec;

DType DTypeOfConfig(const nlohmann::json& config) {
  const auto read = [](const nlohmann::json& object) -> std::optional<DType> {
    for (const char* key : {"dtype", "torch_dtype"}) {
      const auto found = object.find(key);
      if (found == object.end() || !found->is_string()) continue;
      const auto& name = found->get_ref<const std::string&>();
      if (name == "float16") return DType::kF16;
      if (name == "float32") return DType::kF32;
      if (name == "bfloat16") return DType::kBF16;
    }
    return std::nullopt;
  };
  std::optional<DType> dtype = read(config);
  const auto text = config.find("text_config");
  if (!dtype && text != config.end() && text->is_object()) dtype = read(*text);
  return dtype.value_or(DType::kBF16);
}

}  // namespace

PlanInput PlanInputFromConfig(const nlohmann::json& config, std::string source) {
  std::optional<checkpoint::Catalog> catalog = checkpoint::BuildCatalog(config);
  if (!catalog) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("want a model_type of {}, got another or none; give the checkpoint "
                            "itself instead of its config.json",
                            fmt::join(checkpoint::SupportedModelTypes(), ", ")));
  }
  PlanInput input{std::move(source), catalog->model_type, {}, std::move(catalog->notes)};
  const DType dtype = DTypeOfConfig(config);
  size_t num_optional = 0;
  for (TensorSpec& spec : catalog->tensors) {
    if (spec.required) {
      input.tensors.push_back({std::move(spec), dtype});
    } else if (spec.role == Role::kMtp) {
      ++num_optional;
    }
  }
  if (num_optional > 0) {
    input.notes.push_back(
        fmt::format("the {} tensors of the MTP layer, which a checkpoint may lack, are not counted",
                    num_optional));
  }
  return input;
}

PlanInput PlanInputFromCheckpoint(const checkpoint::Checkpoint& checkpoint) {
  checkpoint::Classified classified = checkpoint::ClassifyTensors(checkpoint);
  PlanInput input{.source = checkpoint.root.string(), .notes = checkpoint.notes};
  input.notes.insert(input.notes.end(), classified.notes.begin(), classified.notes.end());
  if (checkpoint.config.is_object()) {
    const auto type = checkpoint.config.find("model_type");
    if (type != checkpoint.config.end() && type->is_string()) input.model_type = *type;
  }
  for (size_t index = 0; index < classified.specs.size(); ++index) {
    input.tensors.push_back({std::move(classified.specs[index]), checkpoint.tensors[index].dtype});
  }
  return input;
}

}  // namespace hlwq::convert
