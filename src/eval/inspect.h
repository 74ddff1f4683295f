// What a checkpoint of any format is, from its headers; and one tensor of it, from its values.
#pragma once

#include <optional>
#include <string_view>

#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "codec/backend.h"
#include "report/inspect.h"

namespace hlwq::eval {

// `manifest` as ReadManifest gave it for the folder. Reads nothing. Cost: linear in the tensors.
report::InspectResult Inspect(const checkpoint::Checkpoint& checkpoint,
                              const std::optional<checkpoint::Manifest>& manifest);

// Reads and decodes the whole tensor in chunks of a few MiB, on the calling thread. Throws
// Error{kNotFound} when there is no tensor of that name, naming close ones.
report::TensorDetail InspectTensor(const checkpoint::Checkpoint& checkpoint,
                                   const std::optional<checkpoint::Manifest>& manifest,
                                   std::string_view name, const codec::Backend& backend);

}  // namespace hlwq::eval
