// Checkpoints of the published tools: recognised from names and sizes, with what polar_config.json
// says as a witness (docs/format-polar-state.md, P.4 to P.7).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "checkpoint/polar/matrix.h"
#include "checkpoint/polar/names.h"
#include "checkpoint/polar/open.h"

namespace hlwq::checkpoint {
namespace {

// All that stands for one tensor: a matrix, or slices by number.
struct Gathered {
  std::optional<PolarMatrix> matrix;
  std::map<uint64_t, PolarMatrix> slices;
  std::string key;  // of the codes found first, for messages
};

struct NameCounts {
  size_t underscores = 0;
  size_t without_weight = 0;
  size_t assumed_tables = 0;
};

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

bool IsHead(std::string_view suffix) {
  return suffix == "__packed" || suffix == "__codes" || suffix == ".codes";
}

// `.codes` without `.norms` belongs to some other format, unless our legacy table is beside it.
bool IsForeign(const StoredTensors& stored, const PolarKey& key) {
  const auto has = [&](std::string_view suffix) {
    return stored.Find(fmt::format("{}{}", key.prefix, suffix)) != nullptr;
  };
  return key.suffix == ".codes" && !has(".norms") && !has(".ct_scaled");
}

std::map<std::string, Gathered> GatherMatrices(const PolarInput& input, StoredTensors& stored,
                                               NameCounts& counts) {
  std::map<std::string, Gathered> gathered;
  for (const TensorEntry& entry : input.stored) {
    const auto key = SplitPolarKey(entry.name);
    if (!key || !IsHead(key->suffix) || IsForeign(stored, *key)) continue;
    const PolarName name =
        WithContext(stored.Where(entry), [&] { return RestoreName(key->prefix); });
    PolarMatrix matrix = ReadPolarMatrix(input, stored, entry, name);
    counts.underscores += name.had_underscores;
    counts.without_weight += name.had_no_weight;
    counts.assumed_tables += matrix.has_assumed_table;
    Gathered& group = gathered[name.name];
    const bool is_taken = name.slice ? group.matrix || group.slices.contains(*name.slice)
                                     : group.matrix || !group.slices.empty();
    if (is_taken) {
      Fail(fmt::format("{}: stands for '{}'{} as '{}' does", stored.Where(entry), name.name,
                       name.slice ? fmt::format(" slice {}", *name.slice) : "", group.key));
    }
    if (group.key.empty()) group.key = entry.name;
    if (name.slice) {
      group.slices.emplace(*name.slice, std::move(matrix));
    } else {
      group.matrix = std::move(matrix);
    }
  }
  return gathered;
}

// Parts of codecs that only our section describes.
void CheckUndescribed(const PolarInput& input, const StoredTensors& stored) {
  for (const TensorEntry& entry : input.stored) {
    if (UnpublishedSuffix(entry.name).empty()) continue;
    Fail(fmt::format("{}: want polar_config.json to describe it", stored.Where(entry)));
  }
}

// Parts whose codes are not there. ".norms", ".ct" and the like may be ordinary names.
void CheckOrphans(const PolarInput& input, const StoredTensors& stored) {
  for (const TensorEntry& entry : input.stored) {
    const auto key = SplitPolarKey(entry.name);
    if (!key || stored.IsTaken(entry)) continue;
    const bool is_ours =
        key->suffix.starts_with("__") || key->suffix == ".ct_scaled" ||
        (key->suffix == ".norms" && input.polar_config.layers.contains(std::string(key->prefix)));
    if (!is_ours) continue;
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: the codes of '{}' that it belongs to are missing",
                            stored.Where(entry), key->prefix));
  }
}

// The number of experts that config.json gives, if any; in the language model's part where nested.
std::optional<uint64_t> ConfiguredExperts(const nlohmann::json& config) {
  if (!config.is_object()) return std::nullopt;
  for (const char* key : {"num_experts", "num_local_experts"}) {
    const auto found = config.find(key);
    if (found != config.end() && found->is_number_unsigned()) return found->get<uint64_t>();
  }
  const auto text = config.find("text_config");
  return text == config.end() ? std::nullopt : ConfiguredExperts(*text);
}

std::string DescribeMatrix(const PolarMatrix& matrix) {
  return fmt::format("[{}, {}] of {} bits ({}, {} norms)", matrix.shape.out, matrix.shape.in,
                     matrix.spec.bits, codec::DescribeSpec(matrix.spec).bit_order,
                     DTypeName(matrix.norm_dtype));
}

void CheckSlices(const PolarInput& input, const std::string& name,
                 const std::map<uint64_t, PolarMatrix>& slices) {
  const auto experts = ConfiguredExperts(input.config);
  const bool is_expert = IsFusedExpertName(name);
  uint64_t want = slices.rbegin()->first + 1;
  if (is_expert && experts) {
    if (want > *experts) {
      Fail(fmt::format("'{}': want {} slices as config.json says, got slice {}", name, *experts,
                       want - 1));
    }
    want = *experts;
  }
  uint64_t next = 0;
  const PolarMatrix& first = slices.begin()->second;
  for (const auto& [slice, matrix] : slices) {
    if (slice != next) break;
    ++next;
    if (matrix.spec != first.spec || matrix.shape != first.shape ||
        matrix.norm_dtype != first.norm_dtype) {
      Fail(fmt::format("'{}': slice {}: want {} as slice {}, got {}{}", name, slice,
                       DescribeMatrix(first), slices.begin()->first, DescribeMatrix(matrix),
                       matrix.spec.levels != first.spec.levels ? " with another table" : ""));
    }
  }
  if (next != want) {
    throw Error(ErrorCode::kNotFound, fmt::format("'{}': slice {} of {} ('{}_e{}') is missing",
                                                  name, next, want, name, next));
  }
}

// config.json's dtype where it is one that weights have.
std::optional<DType> ConfiguredDType(const nlohmann::json& config) {
  if (!config.is_object()) return std::nullopt;
  for (const char* key : {"dtype", "torch_dtype"}) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_string()) continue;
    const std::string name = found->get<std::string>();
    if (name == "float16") return DType::kF16;
    if (name == "bfloat16") return DType::kBF16;
    if (name == "float32") return DType::kF32;
  }
  const auto text = config.find("text_config");
  return text == config.end() ? std::nullopt : ConfiguredDType(*text);
}

PlacedEntry MakeEntry(const PolarInput& input, const std::string& name, Gathered group,
                      DType dtype) {
  PlacedEntry placed;
  CodedStorage coded;
  if (group.matrix) {
    group.slices.emplace(0, *std::move(group.matrix));
    group.matrix.reset();
    const MatrixShape shape = group.slices.begin()->second.shape;
    placed.entry.shape = {shape.out, shape.in};
  } else {
    CheckSlices(input, name, group.slices);
    const MatrixShape shape = group.slices.begin()->second.shape;
    placed.entry.shape = {group.slices.size(), shape.out, shape.in};
    if (!ElementCount(placed.entry.shape)) Fail(fmt::format("'{}': size overflows", name));
  }
  placed.position = SIZE_MAX;
  const PolarMatrix& first = group.slices.begin()->second;
  coded.spec = first.spec;
  coded.matrix = first.shape;
  coded.norm_dtype = first.norm_dtype;
  for (auto& [slice, matrix] : group.slices) {
    placed.position = std::min(placed.position, matrix.position);
    coded.slices.push_back(std::move(matrix.rows));
  }
  placed.entry.name = name;
  placed.entry.dtype = dtype;
  placed.entry.storage = std::move(coded);
  return placed;
}

std::vector<std::string> MakeNotes(const PolarInput& input, const std::vector<TensorEntry>& tensors,
                                   const NameCounts& counts, std::optional<DType> dtype) {
  std::vector<std::string> notes;
  if (counts.assumed_tables > 0) {
    notes.push_back(
        fmt::format("{} matrices record no table: polarquant-v1 assumed", counts.assumed_tables));
  }
  if (counts.underscores > 0) {
    notes.push_back(
        fmt::format("{} names have their double underscores read as dots", counts.underscores));
  }
  if (counts.without_weight > 0) {
    notes.push_back(fmt::format("{} names have '.weight' restored", counts.without_weight));
  }
  notes.push_back(
      dtype ? fmt::format("source dtype not recorded: {} as config.json says", DTypeName(*dtype))
            : "source dtype not recorded: BF16 assumed");
  std::vector<std::string_view> names;
  for (const TensorEntry& entry : tensors) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto is_stored = [&](std::string_view name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  size_t absent = 0;
  std::string example;
  for (const auto& [layer, unused] : input.polar_config.layers) {
    if (is_stored(layer) || is_stored(layer + ".weight")) continue;
    if (absent++ == 0) example = layer;
  }
  if (absent > 0) {
    notes.push_back(fmt::format(
        "polar_config.json lists {} layers under names that are not stored ('{}' first)", absent,
        example));
  }
  return notes;
}

}  // namespace

PolarContents RecognisePublishedPolar(const PolarInput& input) {
  StoredTensors stored(input);
  CheckUndescribed(input, stored);
  NameCounts counts;
  std::map<std::string, Gathered> gathered = GatherMatrices(input, stored, counts);
  CheckOrphans(input, stored);

  PolarContents contents;
  const bool has_legacy = std::any_of(gathered.begin(), gathered.end(), [](const auto& group) {
    return group.second.key.ends_with(".codes");
  });
  contents.format = has_legacy ? Format::kPolarLegacy : Format::kPolarState;
  const std::optional<DType> dtype = ConfiguredDType(input.config);
  std::vector<PlacedEntry> coded;
  for (auto& [name, group] : gathered) {
    coded.push_back(MakeEntry(input, name, std::move(group), dtype.value_or(DType::kBF16)));
  }
  contents.tensors = FinishEntries(input, stored, std::move(coded));
  contents.notes = MakeNotes(input, contents.tensors, counts, dtype);
  return contents;
}

}  // namespace hlwq::checkpoint
