// Recipe files: any bytes give a recipe whose decisions are within its bounds, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "convert/recipe.h"

using namespace hlwq;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const convert::Recipe recipe = convert::Recipe::Parse(
        std::string_view(reinterpret_cast<const char*>(data), size), {.recipe = "fuzz.json"});
    for (int role = 0; role < checkpoint::kNumRoles; ++role) {
      for (const Shape& shape : {Shape{}, Shape{8}, Shape{8, 8}, Shape{2, 8, 8}}) {
        const checkpoint::TensorSpec spec{.name = "model.layers.1.mlp.up_proj.weight",
                                          .shape = shape,
                                          .role = static_cast<checkpoint::Role>(role)};
        const convert::Decision decision = recipe.Decide(spec, DType::kBF16);
        const bool is_possible = decision.bits == 0 || shape.size() >= 2;
        if (decision.bits < 0 || decision.bits > convert::kMaxRecipeBits || !is_possible ||
            decision.reason.empty()) {
          std::abort();
        }
      }
    }
    if (recipe.ToJson().dump().empty()) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
