#include "cli/verbs/quantize_options.h"

namespace hlwq::cli {
namespace {

std::optional<int> BitsOf(const Arguments& arguments, std::string_view flag) {
  const std::optional<int64_t> bits = arguments.FindInteger(flag);
  return bits ? std::optional<int>(static_cast<int>(*bits)) : std::nullopt;
}

}  // namespace

convert::RecipeOptions RecipeOptionsOf(const Arguments& arguments) {
  return {.recipe = arguments.Text("recipe"),
          .bits = static_cast<int>(arguments.Integer("bits")),
          .include = arguments.List("include"),
          .exclude = arguments.List("exclude"),
          .embedding_bits = BitsOf(arguments, "embeddings"),
          .lm_head_bits = BitsOf(arguments, "lm-head")};
}

codec::CodecSpec CodecSpecOf(const Arguments& arguments) {
  codec::CodecSpec spec;
  spec.bits = static_cast<int>(arguments.Integer("bits"));
  if (arguments.Has("compat")) {
    spec.table = "polarquant-v1";
    spec.scale_rule = "norm";
  } else {
    spec.table = arguments.Text("table");
    spec.scale_rule = arguments.Text("scale");
  }
  return spec;
}

}  // namespace hlwq::cli
