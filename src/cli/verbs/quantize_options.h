// The flags that say what is coded and how, for quantize, plan and synth.
#pragma once

#include "cli/arguments.h"
#include "codec/codec.h"
#include "convert/plan.h"
#include "convert/recipe.h"

namespace hlwq::cli {

// --bits, --recipe, --include, --exclude, --embeddings, --lm-head.
convert::RecipeOptions RecipeOptionsOf(const Arguments& arguments);

// --codec, --bits, --effort. The flags of a codec are taken from it where they were not given.
codec::CodecSpec CodecOf(const Arguments& arguments);

// The same with --table, --scale, --compat.
codec::CodecSpec CodecSpecOf(const Arguments& arguments);

// What quantize would do with this recipe, these flags and --max-shard-size, --threads.
convert::QuantizePlan PlanQuantize(const Arguments& arguments, const convert::PlanInput& input,
                                   const convert::RecipeOptions& recipe);

}  // namespace hlwq::cli
