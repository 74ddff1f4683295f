// The JSON form of a recipe (docs/recipes.md, "Recipe files").
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/json.h"
#include "convert/recipe.h"

namespace hlwq::convert {
namespace {

using checkpoint::Role;
// Keeps the order of keys: of the tensor globs, later ones win.
using OrderedJson = nlohmann::ordered_json;

[[noreturn]] void Fail(std::string_view key, std::string_view complaint) {
  throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}': {}", key, complaint));
}

// 1..8, or 0 for "keep".
int ToBits(const std::string& key, const OrderedJson& value) {
  if (value.is_string() && value.get_ref<const std::string&>() == "keep") return 0;
  if (!value.is_number_integer() || value.get<int64_t>() < kMinRecipeBits ||
      value.get<int64_t>() > kMaxRecipeBits) {
    Fail(key, fmt::format("want an integer in {}..{} or \"keep\", got {}", kMinRecipeBits,
                          kMaxRecipeBits,
                          value.is_structured() ? value.type_name() : value.dump().substr(0, 40)));
  }
  return value.get<int>();
}

const OrderedJson& AsObject(std::string_view key, const OrderedJson& value) {
  if (!value.is_object()) Fail(key, fmt::format("want an object, got {}", value.type_name()));
  return value;
}

}  // namespace

void Recipe::SetFromJson(std::string_view text) {
  const OrderedJson recipe = ParseOrderedJson(text);
  AsObject("recipe", recipe);
  if (const auto found = recipe.find("default"); found != recipe.end()) {
    const int bits = ToBits("default", *found);
    SetPublished(bits);
    if (bits > 0) default_bits_ = bits;
  } else {
    SetPublished(default_bits_);
  }
  for (const auto& [key, value] : recipe.items()) {
    if (key == "default") continue;
    if (key == "description") {
      if (!value.is_string()) Fail(key, "want a string");
    } else if (key == "embeddings") {
      SetExplicitly(Role::kEmbedding, ToBits(key, value));
    } else if (key == "lm_head") {
      SetExplicitly(Role::kLmHead, ToBits(key, value));
    } else if (key == "roles") {
      for (const auto& [name, bits] : AsObject(key, value).items()) {
        const auto role = checkpoint::RoleFromName(name);
        if (!role) Fail("roles." + name, "no such role");
        if (!CanQuantizeRole(*role)) Fail("roles." + name, "this role is always carried over");
        const bool is_named_twice = (*role == Role::kEmbedding && recipe.contains("embeddings")) ||
                                    (*role == Role::kLmHead && recipe.contains("lm_head"));
        if (is_named_twice) Fail("roles." + name, "given twice, here and at the top");
        SetExplicitly(*role, ToBits("roles." + name, bits));
      }
    } else if (key == "tensors") {
      for (const auto& [glob, bits] : AsObject(key, value).items()) {
        CheckGlob(glob);
        tensor_rules_.push_back(
            {glob, ToBits("tensors." + glob, bits), fmt::format("tensor rule '{}'", glob)});
      }
    } else {
      Fail(key, "unknown key; want default, roles, tensors, embeddings, lm_head or description");
    }
  }
}

}  // namespace hlwq::convert
