// What a plan is made of: the tensors of a config or of a checkpoint's headers.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoint/config_dtype.h"
#include "checkpoint/foreign_codes.h"
#include "convert/plan.h"

namespace hlwq::convert {

using checkpoint::Role;
using checkpoint::TensorSpec;

PlanInput PlanInputFromConfig(const nlohmann::json& config, std::string source) {
  checkpoint::RefuseForeignCodes(config, source);
  std::optional<checkpoint::Catalog> catalog = checkpoint::BuildCatalog(config);
  if (!catalog) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("want a model_type of {}, got another or none; give the checkpoint "
                            "itself instead of its config.json",
                            fmt::join(checkpoint::SupportedModelTypes(), ", ")));
  }
  PlanInput input{std::move(source), catalog->model_type, {}, std::move(catalog->notes)};
  const DType dtype = checkpoint::ConfigDType(config).value_or(DType::kBF16);
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
  checkpoint::RefuseForeignCodes(checkpoint);
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
