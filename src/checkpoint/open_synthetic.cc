#include "checkpoint/open_synthetic.h"

#include <bit>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "checkpoint/catalog.h"
#include "checkpoint/catalog/family.h"
#include "checkpoint/skewed_routers.h"

namespace hlwq::checkpoint {
namespace {

SyntheticStorage Distribution(const TensorSpec& spec, const Family& family, uint64_t seed) {
  const std::string_view name = spec.name;
  SyntheticStorage storage{.seed = MixBits(seed ^ Xxh3(std::as_bytes(std::span(name))))};
  if (spec.shape.size() >= 2) {
    storage.deviation = spec.role == Role::kLinearAttentionConv ? 0.2f : 0.02f;
  } else if (spec.role == Role::kNorm) {
    const bool is_gated_norm = name.find("linear_attn.norm") != name.npos;
    storage.mean = family.has_zero_centred_norms && !is_gated_norm ? 0.0f : 1.0f;
    storage.deviation = 0.02f;
  } else if (spec.role == Role::kVision && name.ends_with("norm.weight")) {
    storage.mean = 1.0f;
  } else if (name.ends_with("A_log")) {
    storage.deviation = 0.5f;
  }
  return storage;
}

Storage SkewedStorage(const TensorSpec& spec, const SkewedRouters& routers,
                      SyntheticStorage plain) {
  if (spec.role == Role::kEmbedding) return routers.Embedding(plain);
  if (spec.role == Role::kRouter) return routers.Router(spec, plain);
  return plain;
}

}  // namespace

Checkpoint OpenSynthetic(const nlohmann::json& config, uint64_t seed, int layers, double zipf) {
  const nlohmann::json truncated = layers > 0 ? TruncateLayers(config, layers) : config;
  const std::optional<Catalog> catalog = BuildCatalog(truncated);
  if (!catalog) {
    throw Error(ErrorCode::kUnsupported, "config: unknown model_type " +
                                             truncated.value("model_type", std::string("(none)")));
  }
  const Family& family = *FindFamily(catalog->model_type);
  std::optional<SkewedRouters> routers;
  if (zipf > 0) routers.emplace(truncated, zipf, seed);
  Checkpoint checkpoint;
  checkpoint.format = Format::kSynthetic;
  checkpoint.config = truncated;
  checkpoint.notes = catalog->notes;
  checkpoint.side_files.push_back(ConfigFile(truncated));
  for (const TensorSpec& spec : catalog->tensors) {
    if (!spec.required) continue;
    const SyntheticStorage plain = Distribution(spec, family, seed);
    checkpoint.tensors.push_back({spec.name, DType::kBF16, spec.shape,
                                  routers ? SkewedStorage(spec, *routers, plain) : plain});
  }
  // What tells one source from another when a job is resumed.
  checkpoint.header_hashes.push_back(
      MixBits(zipf > 0 ? MixBits(seed) ^ std::bit_cast<uint64_t>(zipf) : seed));
  return checkpoint;
}

}  // namespace hlwq::checkpoint
