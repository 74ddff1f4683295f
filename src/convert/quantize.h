// From any checkpoint to polar_state.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"
#include "convert/coded_job.h"
#include "convert/feedback_source.h"
#include "convert/job.h"
#include "convert/recipe.h"

namespace hlwq::convert {

struct QuantizeOptions {
  RecipeOptions recipe;
  codec::CodecSpec codec;  // `bits` is what the recipe says, tensor by tensor
  NonFinitePolicy non_finite = NonFinitePolicy::kError;
  std::optional<Calibration> calibration;
  // Written beside what it made (docs/recipes.md), where the recipe was made for this model.
  bool records_recipe = false;
  OutputOptions output;
};

// Quantizes `source` into the folder `destination` (docs/format-polar-state.md): what the recipe
// names is coded, fused expert tensors slice by slice; everything else is carried over byte for
// byte. Memory is bounded whatever the model. Throws as RunJob, Error{kNonFinite}, and
// Error{kUnsupported} where a recipe of this program finds nothing to code.
ConversionResult Quantize(const checkpoint::Checkpoint& source,
                          const std::filesystem::path& destination, const QuantizeOptions& options,
                          const codec::Backend& backend);

}  // namespace hlwq::convert
