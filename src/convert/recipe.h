// What is quantized, and with how many bits (docs/recipes.md). Speaks of the roles of
// checkpoint/catalog.h; names matter only where a person gives patterns.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/catalog.h"
#include "tensor/dtype.h"

namespace hlwq::convert {

inline constexpr int kMinRecipeBits = 1;
inline constexpr int kMaxRecipeBits = 8;

// What `balanced` looks at besides the roles.
struct RecipeModel {
  int layers = 0;  // decoder layers; 0: not known, and none is taken for the first or the last
  bool has_experts = false;
  int most_bits = kMaxRecipeBits;  // that the codec has

  void Add(const checkpoint::TensorSpec& spec) noexcept;
};

struct RecipeOptions {
  // balanced, published, uniform, mixed, or the path of a JSON file.
  std::string recipe = "balanced";
  std::string text;                  // the content of that file where there is none yet
  int bits = 5;                      // where the recipe does not say otherwise
  std::vector<std::string> include;  // globs: quantize these as well, where possible
  std::vector<std::string> exclude;  // globs: carry these over, whatever else applies
  // Override the recipe for the two; 0 carries them over.
  std::optional<int> embedding_bits;
  std::optional<int> lm_head_bits;
  RecipeModel model = {};
};

inline constexpr std::string_view kExcludedReason = "excluded";

struct Decision {
  int bits = 0;  // 0: carried over
  // Why, for people: "recipe", "excluded", "fewer than two axes". Borrowed from the recipe.
  std::string_view reason;
};

// Immutable; all members are thread-safe.
class Recipe {
 public:
  // Throws Error{kInvalidArgument} for bits out of range, a malformed glob or a file that is not a
  // recipe (naming the key), Error{kNotFound} when `recipe` is neither a name nor a file.
  static Recipe Load(const RecipeOptions& options);
  // The recipe that the text of a file describes; `options.recipe` is its name in messages.
  static Recipe Parse(std::string_view json, const RecipeOptions& options);

  // Bits for a tensor of this role, name and shape. In this order:
  //   1. an `exclude` glob matches: carried over;
  //   2. what no codec takes is carried over: anything that has not two axes (fused experts: three),
  //      is empty, a convolution, or not F16, BF16 or F32;
  //   3. the last matching tensor rule of the recipe;
  //   4. an `include` glob matches: the bits of its role, else the default;
  //   5. the role's bits, of `balanced` those of the layer too. A tied embedding is left alone unless
  //      the recipe or the options name it.
  // Cost: linear in the globs.
  Decision Decide(const checkpoint::TensorSpec& spec, DType dtype) const;

  const std::string& name() const noexcept { return name_; }
  // Whether its rules are of a file, and not of this program.
  bool is_own() const noexcept { return is_own_; }
  // Whether RecipeOptions::bits decides more than what `include` adds.
  bool follows_bits() const noexcept { return !is_own_ && name_ != "mixed"; }
  // Bits for what --include names; also the "bits" of the output's description.
  int default_bits() const noexcept { return default_bits_; }
  // The rules with everything resolved, for the record: {"name", "default", "roles": {...}, ...}.
  nlohmann::json ToJson() const;

 private:
  struct TensorRule {
    std::string glob;
    int bits = 0;
    std::string reason;
  };

  explicit Recipe(const RecipeOptions& options);
  // False where the program has none of this name.
  bool SetNamed(const RecipeOptions& options);
  void SetBalanced(const RecipeOptions& options);
  void SetPublished(int bits);
  void SetUniform(int bits);
  void SetMixed();
  void SetFromJson(std::string_view text);
  void ApplyOptions(const RecipeOptions& options);
  int RoleBits(const checkpoint::TensorSpec& spec) const noexcept;
  bool IsEndLayer(int layer) const noexcept;
  bool IsFavoredLayer(int layer) const noexcept;
  int& BitsOf(checkpoint::Role role) { return role_bits_[static_cast<size_t>(role)]; }
  // Sets a role by name of a person: a tied tensor of it is then meant too.
  void SetExplicitly(checkpoint::Role role, int bits);

  std::string name_;
  bool is_own_ = false;
  int default_bits_ = 5;
  std::array<int, checkpoint::kNumRoles> role_bits_{};
  std::array<bool, checkpoint::kNumRoles> includes_tied_{};
  // What matrices get at least in the first and the last layer, and down projections in a favored half
  // of the layers. 0: no more than elsewhere.
  int end_bits_ = 0, favored_bits_ = 0;
  int layers_ = 0;  // of the model; 0: not known
  std::vector<TensorRule> tensor_rules_;
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
};

// True for the roles that a recipe may name: those whose tensors can be matrices.
bool CanQuantizeRole(checkpoint::Role role) noexcept;

}  // namespace hlwq::convert
