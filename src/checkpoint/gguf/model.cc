#include "checkpoint/gguf/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

bool IsReadFromGguf(const Family& family) noexcept {
  return !family.gguf.architecture.empty() && !family.gguf.is_alias;
}

// Far above every model, far below what could make a product of two wrap.
constexpr uint64_t kMaxDimension = 1u << 26;

// Properties that change the arithmetic and have no counterpart in the families' config.json:
// a file that sets one to anything but the neutral value is refused.
struct NeutralRow {
  std::string_view suffix;
  double neutral;
};
constexpr std::array kNeutral = {
    NeutralRow{"expert_shared_count", 0},
    NeutralRow{"expert_weights_scale", 1},
    NeutralRow{"attention.sliding_window", 0},
    NeutralRow{"attention.scale", 0},
    NeutralRow{"attention.clamp_kqv", 0},
    NeutralRow{"attention.max_alibi_bias", 0},
    NeutralRow{"attn_logit_softcapping", 0},
    NeutralRow{"final_logit_softcapping", 0},
    NeutralRow{"logit_scale", 1},
    NeutralRow{"residual_scale", 1},
    NeutralRow{"embedding_scale", 1},
};

std::vector<std::string_view> KnownArchitectures() {
  std::vector<std::string_view> names;
  for (const Family& family : Families()) {
    if (IsReadFromGguf(family)) names.push_back(family.gguf.architecture);
  }
  return names;
}

class Fields {
 public:
  Fields(const io::GgufMetadata& metadata, const GgufModel& model)
      : metadata_(metadata), model_(model) {}

  // A count of something, in [1, kMaxDimension]. Newer files may give one per layer: then they must
  // agree.
  std::optional<uint64_t> Size(std::string_view suffix) const {
    const std::string key = GgufKey(model_, suffix);
    const io::GgufValue* value = metadata_.Find(key);
    if (value == nullptr) return std::nullopt;
    uint64_t size = 0;
    if (value->is_array()) {
      const std::vector<int64_t> sizes = *metadata_.Integers(key);
      if (sizes.empty() || std::any_of(sizes.begin(), sizes.end(),
                                       [&](int64_t other) { return other != sizes[0]; })) {
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("metadata '{}': layers of different sizes", key));
      }
      size = sizes[0] < 0 ? 0 : static_cast<uint64_t>(sizes[0]);
    } else {
      size = *metadata_.Uint(key);
    }
    if (size < 1 || size > kMaxDimension) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}': want 1 to {}, got {}", key, kMaxDimension, size));
    }
    return size;
  }

  uint64_t RequiredSize(std::string_view suffix) const {
    const std::optional<uint64_t> size = Size(suffix);
    if (!size) Missing(suffix);
    return *size;
  }

  // A positive, finite number.
  std::optional<double> Positive(std::string_view suffix) const {
    const std::string key = GgufKey(model_, suffix);
    const std::optional<double> number = metadata_.Number(key);
    if (!number) return std::nullopt;
    if (!(*number > 0) || !std::isfinite(*number)) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("metadata '{}': want a positive number, got {}", key, *number));
    }
    return ShortestDecimal(*number);
  }

  double RequiredPositive(std::string_view suffix) const {
    const std::optional<double> number = Positive(suffix);
    if (!number) Missing(suffix);
    return *number;
  }

  void RefuseUnlessNeutral(const NeutralRow& row) const {
    const std::string key = GgufKey(model_, row.suffix);
    if (metadata_.Has(key) && metadata_.Number(key) != row.neutral) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("metadata '{}' is {}: architecture '{}' is handled without it", key,
                              *metadata_.Number(key), model_.family->gguf.architecture));
    }
  }

 private:
  [[noreturn]] void Missing(std::string_view suffix) const {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("metadata '{}' is missing", GgufKey(model_, suffix)));
  }

  const io::GgufMetadata& metadata_;
  const GgufModel& model_;
};

const Family& ReadFamily(const io::GgufMetadata& metadata) {
  const std::string* kind = metadata.String("general.type");
  if (kind != nullptr && *kind != "model") {
    throw Error(ErrorCode::kUnsupported, fmt::format("GGUF of type '{}', not a model", *kind));
  }
  if (const uint64_t parts = metadata.Uint("split.count").value_or(1); parts > 1) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("one of {} files of a split GGUF: merge them first "
                            "(llama-gguf-split --merge)",
                            parts));
  }
  const std::string* architecture = metadata.String("general.architecture");
  if (architecture == nullptr) {
    throw Error(ErrorCode::kInvalidData, "metadata 'general.architecture' is missing");
  }
  const Family* family = FindGgufFamily(*architecture);
  if (family == nullptr) {
    throw Error(ErrorCode::kUnsupported, fmt::format("architecture '{}' (known: {})", *architecture,
                                                     fmt::join(KnownArchitectures(), ", ")));
  }
  return *family;
}

// Files of the dense families may hold an expert count of 0 (llama's with another one are Mixtral).
void ReadExperts(GgufModel& model, const Fields& fields) {
  if (model.family->experts == Experts::kNone) {
    fields.RefuseUnlessNeutral({"expert_count", 0});
    return;
  }
  model.experts = fields.RequiredSize("expert_count");
  model.experts_used = fields.RequiredSize("expert_used_count");
  model.expert_intermediate = fields.RequiredSize("expert_feed_forward_length");
  if (model.experts_used > model.experts) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{} of {} experts used", model.experts_used, model.experts));
  }
  // One record holds all experts of a layer: the header does not bound what is made of it.
  if (model.experts > kMaxExperts || model.experts * model.layers > kMaxCatalogTensors) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{} experts in {} layers", model.experts, model.layers));
  }
}

void CheckHeads(const GgufModel& model, const Fields& fields) {
  if (model.heads % model.kv_heads != 0) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{} query heads are not a multiple of {} key heads", model.heads,
                            model.kv_heads));
  }
  if (model.head_dim % 2 != 0) {
    throw Error(ErrorCode::kInvalidData, fmt::format("head size {} is odd", model.head_dim));
  }
  for (const std::string_view suffix : {"attention.value_length", "rope.dimension_count"}) {
    const uint64_t size = fields.Size(suffix).value_or(model.head_dim);
    if (size != model.head_dim) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("metadata '{}' is {} with heads of {}", GgufKey(model, suffix), size,
                              model.head_dim));
    }
  }
}

}  // namespace

double ShortestDecimal(double float32_value) {
  const auto narrow = static_cast<float>(float32_value);
  if (!std::isfinite(narrow) || static_cast<double>(narrow) != float32_value) return float32_value;
  const std::string text = fmt::format("{}", narrow);
  double shortest = float32_value;
  std::from_chars(text.data(), text.data() + text.size(), shortest);
  return shortest;
}

std::string GgufKey(const GgufModel& model, std::string_view suffix) {
  return fmt::format("{}.{}", model.family->gguf.architecture, suffix);
}

const Family* FindGgufFamily(std::string_view architecture) noexcept {
  const auto found = std::ranges::find_if(Families(), [&](const Family& family) {
    return IsReadFromGguf(family) && family.gguf.architecture == architecture;
  });
  return found == Families().end() ? nullptr : &*found;
}

GgufModel ReadGgufModel(const io::GgufHeader& header) {
  GgufModel model;
  model.family = &ReadFamily(header.metadata);
  const Fields fields(header.metadata, model);
  for (const NeutralRow& row : kNeutral) fields.RefuseUnlessNeutral(row);

  model.hidden = fields.RequiredSize("embedding_length");
  model.layers = fields.RequiredSize("block_count");
  model.intermediate = fields.RequiredSize("feed_forward_length");
  model.heads = fields.RequiredSize("attention.head_count");
  model.kv_heads = fields.Size("attention.head_count_kv").value_or(model.heads);
  model.context = fields.RequiredSize("context_length");
  model.rms_norm_eps = fields.RequiredPositive("attention.layer_norm_rms_epsilon");
  model.rope_theta = fields.Positive("rope.freq_base").value_or(10000);
  const std::optional<uint64_t> head_dim = fields.Size("attention.key_length");
  if (!head_dim && model.hidden % model.heads != 0) {
    throw Error(ErrorCode::kInvalidData, fmt::format("hidden size {} is not a multiple of {} heads",
                                                     model.hidden, model.heads));
  }
  model.head_dim = head_dim.value_or(model.hidden / model.heads);
  CheckHeads(model, fields);
  ReadExperts(model, fields);

  const io::GgufTensor* embedding = header.Find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2) {
    throw Error(ErrorCode::kInvalidData, "'token_embd.weight': want a matrix, it is missing");
  }
  model.vocab = embedding->shape[0];
  model.has_tied_head = header.Find("output.weight") == nullptr;
  model.has_attention_bias = model.family->qkv_bias == QkvBias::kAlwaysExceptO ||
                             header.Find("blk.0.attn_q.bias") != nullptr;
  model.has_mlp_bias =
      model.family->has_mlp_bias_flag && header.Find("blk.0.ffn_gate.bias") != nullptr;
  return model;
}

}  // namespace hlwq::checkpoint
