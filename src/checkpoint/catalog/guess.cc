// Roles from names alone, for models outside the catalog: the words that most Hugging Face
// checkpoints use, looked up in the name's dotted parts.
#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

std::vector<std::string_view> SplitAtDots(std::string_view name) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

using Words = std::span<const std::string_view>;

bool Contains(Words words, std::string_view part) {
  return std::find(words.begin(), words.end(), part) != words.end();
}

bool AnyPartOf(const std::vector<std::string_view>& parts, Words words) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return Contains(words, part); });
}

// The number that follows one of `words`, or -1.
int IndexAfter(const std::vector<std::string_view>& parts, Words words) {
  for (size_t index = 0; index + 1 < parts.size(); ++index) {
    if (!Contains(words, parts[index])) continue;
    const std::string_view digits = parts[index + 1];
    int number = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && end == digits.data() + digits.size() && number >= 0) return number;
  }
  return -1;
}

constexpr std::array<std::string_view, 7> kVisionWords = {
    "visual", "vision_tower",          "vision_model", "vision_encoder",
    "vision", "multi_modal_projector", "image_encoder"};
constexpr std::array<std::string_view, 1> kMtpWords = {"mtp"};
constexpr std::array<std::string_view, 5> kLayerWords = {"layers", "layer", "h", "blocks", "block"};
constexpr std::array<std::string_view, 1> kExpertWords = {"experts"};
constexpr std::array<std::string_view, 2> kSharedWords = {"shared_expert", "shared_experts"};

struct Word {
  std::string_view text;
  Role role;
};

// The last part of a matrix's name, without .weight.
constexpr std::array kMatrixWords = {
    // clang-format off
    Word{"embed_tokens", Role::kEmbedding}, Word{"tok_embeddings", Role::kEmbedding},
    Word{"word_embeddings", Role::kEmbedding}, Word{"wte", Role::kEmbedding},
    Word{"lm_head", Role::kLmHead}, Word{"embed_out", Role::kLmHead},
    Word{"q_proj", Role::kAttentionQ}, Word{"query", Role::kAttentionQ},
    Word{"wq", Role::kAttentionQ}, Word{"to_q", Role::kAttentionQ},
    Word{"k_proj", Role::kAttentionK}, Word{"key", Role::kAttentionK},
    Word{"wk", Role::kAttentionK}, Word{"to_k", Role::kAttentionK},
    Word{"v_proj", Role::kAttentionV}, Word{"value", Role::kAttentionV},
    Word{"wv", Role::kAttentionV}, Word{"to_v", Role::kAttentionV},
    Word{"qkv_proj", Role::kAttentionQkv}, Word{"query_key_value", Role::kAttentionQkv},
    Word{"wqkv", Role::kAttentionQkv}, Word{"Wqkv", Role::kAttentionQkv},
    Word{"o_proj", Role::kAttentionO}, Word{"wo", Role::kAttentionO},
    Word{"in_proj_qkv", Role::kLinearAttentionQkv},
    Word{"in_proj_qkvz", Role::kLinearAttentionQkv},
    Word{"in_proj_z", Role::kLinearAttentionZ},
    Word{"in_proj_a", Role::kLinearAttentionGate}, Word{"in_proj_b", Role::kLinearAttentionGate},
    Word{"in_proj_ba", Role::kLinearAttentionGate},
    Word{"A_log", Role::kLinearAttentionGate}, Word{"dt_bias", Role::kLinearAttentionGate},
    Word{"conv1d", Role::kLinearAttentionConv},
    Word{"gate_proj", Role::kMlpGate}, Word{"w1", Role::kMlpGate},
    Word{"up_proj", Role::kMlpUp}, Word{"w3", Role::kMlpUp}, Word{"fc1", Role::kMlpUp},
    Word{"dense_h_to_4h", Role::kMlpUp},
    Word{"gate_up_proj", Role::kMlpGateUp},
    Word{"down_proj", Role::kMlpDown}, Word{"w2", Role::kMlpDown}, Word{"fc2", Role::kMlpDown},
    Word{"dense_4h_to_h", Role::kMlpDown},
    Word{"router", Role::kRouter}, Word{"gate", Role::kRouter},
    Word{"shared_expert_gate", Role::kSharedExpertGate},
    // clang-format on
};

Role LookUp(const std::vector<std::string_view>& parts, std::string_view last) {
  constexpr std::array<std::string_view, 3> kAttentionWords = {"attention", "self_attn", "attn"};
  const auto found = std::find_if(kMatrixWords.begin(), kMatrixWords.end(),
                                  [&](const Word& word) { return word.text == last; });
  if (found != kMatrixWords.end()) return found->role;
  // Words that several layers share: what they are follows from what encloses them.
  if (last == "out_proj") {
    const bool is_linear = std::find(parts.begin(), parts.end(), "linear_attn") != parts.end();
    return is_linear ? Role::kLinearAttentionOut : Role::kAttentionO;
  }
  if (last == "dense" && AnyPartOf(parts, kAttentionWords)) return Role::kAttentionO;
  return Role::kOther;
}

// The same words inside experts.
Role InsideExperts(Role role, bool is_shared) {
  switch (role) {
    case Role::kMlpGate:
      return is_shared ? Role::kSharedExpertGateProj : Role::kExpertGate;
    case Role::kMlpUp:
      return is_shared ? Role::kSharedExpertUp : Role::kExpertUp;
    case Role::kMlpDown:
      return is_shared ? Role::kSharedExpertDown : Role::kExpertDown;
    case Role::kMlpGateUp:
      return is_shared ? Role::kOther : Role::kExpertGateUp;
    default:
      return role;
  }
}

bool IsNormName(std::string_view last) {
  return last.find("norm") != std::string_view::npos || last.starts_with("ln_") ||
         last.ends_with("_ln") || last == "LayerNorm";
}

Role GuessRole(std::vector<std::string_view> parts, size_t rank) {
  if (AnyPartOf(parts, kMtpWords)) return Role::kMtp;
  if (AnyPartOf(parts, kVisionWords)) return Role::kVision;
  if (parts.back() == "bias") return Role::kBias;
  if (parts.back() == "weight" && parts.size() > 1) parts.pop_back();
  const std::string_view last = parts.back();
  if (IsNormName(last)) return rank <= 1 ? Role::kNorm : Role::kOther;
  const bool is_shared = AnyPartOf(parts, kSharedWords);
  const bool is_expert = AnyPartOf(parts, kExpertWords);
  Role role = LookUp(parts, last);
  if (is_shared || is_expert) role = InsideExperts(role, is_shared);
  const bool is_vector = role == Role::kLinearAttentionGate;
  if (rank < 2 && !is_vector) return Role::kOther;
  // Three axes: a convolution, or the fused experts of a layer; anything else is not understood.
  const bool is_fused = is_expert && (role == Role::kExpertGateUp || role == Role::kExpertDown);
  if (rank > 2 && role != Role::kLinearAttentionConv && !(rank == 3 && is_fused)) {
    return Role::kOther;
  }
  return role;
}

}  // namespace

TensorSpec GuessSpec(std::string_view name, const Shape& shape) {
  const std::vector<std::string_view> parts = SplitAtDots(name);
  TensorSpec spec;
  spec.name = std::string(name);
  spec.shape = shape;
  spec.role = GuessRole(parts, shape.size());
  if (spec.role == Role::kMtp || spec.role == Role::kVision) return spec;
  spec.layer = IndexAfter(parts, kLayerWords);
  spec.expert = IndexAfter(parts, kExpertWords);
  return spec;
}

}  // namespace hlwq::checkpoint
