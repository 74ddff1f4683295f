#include "checkpoint/small_floats/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/json_reader.h"
#include "checkpoint/config_dtype.h"

namespace hlwq::checkpoint {
namespace {

constexpr uint64_t kMostBlock = uint64_t{1} << 20;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

bool IsFloat8(DType dtype) noexcept {
  return dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2 || dtype == DType::kF8E4M3Fnuz ||
         dtype == DType::kF8E5M2Fnuz;
}

// Scales of activations, which are the engine's and not the model's.
bool IsActivationScale(std::string_view name) {
  constexpr std::array<std::string_view, 7> kSuffixes = {".input_scale",      ".input_global_scale",
                                                         ".activation_scale", ".output_scale",
                                                         ".k_scale",          ".v_scale",
                                                         ".q_scale"};
  return std::ranges::any_of(kSuffixes, [&](auto suffix) { return name.ends_with(suffix); });
}

bool IsWeightScale(std::string_view name) {
  constexpr std::array<std::string_view, 5> kSuffixes = {"_scale", "_scale_inv", "_scale_2",
                                                         "_scales", "_global_scale"};
  return std::ranges::any_of(kSuffixes, [&](auto suffix) { return name.ends_with(suffix); });
}

class Recogniser {
 public:
  Recogniser(const StoredInput& input, const SmallFloatConfig& config)
      : input_(input), stored_(input), config_(config) {}

  std::vector<TensorEntry> Run(std::vector<std::string>& notes) {
    std::vector<PlacedEntry> scaled;
    for (const TensorEntry& entry : input_.stored) {
      if (auto placed = Read(entry)) scaled.push_back(std::move(*placed));
    }
    size_t dropped = 0;
    for (const TensorEntry& entry : input_.stored) {
      if (stored_.IsTaken(entry) || !IsActivationScale(entry.name)) continue;
      stored_.Take(entry.name);
      ++dropped;
    }
    if (dropped > 0) {
      notes.push_back(fmt::format("{} scales of activations are left out", dropped));
    }
    return FinishEntries(input_, stored_, std::move(scaled));
  }

 private:
  const StoredInput& input_;
  StoredTensors stored_;
  const SmallFloatConfig& config_;

  // What the entry is the values of, if anything.
  std::optional<PlacedEntry> Read(const TensorEntry& entry) {
    constexpr std::string_view kPacked = "_packed";
    constexpr std::string_view kBlocks = "_blocks";
    const std::string& name = entry.name;
    if (IsFloat8(entry.dtype) && entry.shape.size() >= 2 && !IsWeightScale(name)) {
      return ReadFloat8(entry);
    }
    if (entry.dtype == DType::kU8 && name.ends_with(kPacked)) {
      return ReadNibbles(entry, name.substr(0, name.size() - kPacked.size()));
    }
    if (entry.dtype == DType::kU8 && name.ends_with(kBlocks)) {
      return ReadBlocks(entry, name.substr(0, name.size() - kBlocks.size()));
    }
    const bool is_byte = entry.dtype == DType::kU8 || entry.dtype == DType::kI8;
    if (is_byte && name.ends_with(".weight") && stored_.Find(name + "_scale") != nullptr &&
        stored_.Find(name + "_scale")->dtype != DType::kF32) {
      return ReadNibbles(entry, name);
    }
    return std::nullopt;
  }

  PlacedEntry Place(const TensorEntry& values, std::string name, Shape shape,
                    ScaledStorage storage) {
    stored_.Take(values.name);
    storage.values = StoredTensors::RangeOf(values);
    return {stored_.Index(values),
            {std::move(name), config_.decoded, std::move(shape), std::move(storage)}};
  }

  void RequireMatrices(const TensorEntry& entry) const {
    if (entry.shape.size() >= 2 && ElementCount(entry.shape).value_or(0) != 0) return;
    Fail(
        fmt::format("{}: want matrices, got {}", stored_.Where(entry), ShapeToString(entry.shape)));
  }

  PlacedEntry ReadFloat8(const TensorEntry& entry) {
    RequireMatrices(entry);
    ScaledStorage storage = {.type = entry.dtype, .matrix = MatrixOf(entry.shape)};
    const TensorEntry* scale = stored_.Find(entry.name + "_scale_inv");
    if (scale == nullptr) scale = stored_.Find(entry.name + "_scale");
    if (scale != nullptr) SetScales(*scale, SlicesOf(entry.shape), storage);
    return Place(entry, entry.name, entry.shape, storage);
  }

  // [.., out, in / 2] bytes.
  PlacedEntry ReadNibbles(const TensorEntry& entry, const std::string& name) {
    RequireMatrices(entry);
    Shape shape = entry.shape;
    shape.back() *= 2;
    ScaledStorage storage = {.type = DType::kF4, .matrix = MatrixOf(shape)};
    SetScales(Required(entry, name + "_scale"), SlicesOf(shape), storage);
    // compressed-tensors divides by it, ModelOpt multiplies.
    if (const TensorEntry* divisor = stored_.Find(name + "_global_scale")) {
      storage.divisor = ReadFactor(*divisor);
    } else if (const TensorEntry* factor = stored_.Find(name + "_scale_2")) {
      storage.factor = ReadFactor(*factor);
    }
    return Place(entry, name, std::move(shape), storage);
  }

  // gpt-oss: [experts, out, in / 32, 16] bytes with scales [experts, out, in / 32], of a tensor that
  // transformers has as [experts, in, out].
  PlacedEntry ReadBlocks(const TensorEntry& entry, const std::string& name) {
    RequireMatrices(entry);
    const Shape& blocks = entry.shape;
    if (blocks.size() != 4 || blocks[3] != 16) {
      Fail(fmt::format("{}: want [experts, rows, blocks, 16], got {}", stored_.Where(entry),
                       ShapeToString(blocks)));
    }
    const Shape stored = {blocks[0], blocks[1], blocks[2] * 32};
    ScaledStorage storage = {.type = DType::kF4, .matrix = MatrixOf(stored), .is_transposed = true};
    SetScales(Required(entry, name + "_scales"), blocks[0], storage);
    return Place(entry, name, {stored[0], stored[2], stored[1]}, storage);
  }

  const TensorEntry& Required(const TensorEntry& entry, const std::string& scale) const {
    if (const TensorEntry* found = stored_.Find(scale)) return *found;
    throw Error(ErrorCode::kNotFound,
                fmt::format("{}: '{}' is missing", stored_.Where(entry), scale));
  }

  static uint64_t SlicesOf(const Shape& shape) noexcept {
    uint64_t slices = 1;
    for (size_t axis = 0; axis + 2 < shape.size(); ++axis) slices *= shape[axis];
    return slices;
  }
  static MatrixShape MatrixOf(const Shape& shape) noexcept {
    return {shape[shape.size() - 2], shape.back()};
  }

  // Of one matrix: a scale for all, for each row, or for each block, of the size that config.json says
  // or that the shapes give.
  void SetScales(const TensorEntry& scale, uint64_t slices, ScaledStorage& storage) {
    stored_.Take(scale.name);
    storage.scale_type = scale.dtype == DType::kU8 ? DType::kF8E8M0 : scale.dtype;
    const MatrixShape matrix = storage.matrix;
    const uint64_t count = ElementCount(scale.shape).value_or(0);
    stored_.RequireDType(scale, {DType::kF32, DType::kBF16, DType::kF16, DType::kF8E4M3,
                                 DType::kF8E8M0, DType::kU8});
    storage.scales = StoredTensors::RangeOf(scale);
    if (count == slices) {
      storage.scale_rows = matrix.out;
      storage.scale_columns = matrix.in;
    } else if (count == slices * matrix.out) {
      storage.scale_columns = matrix.in;
    } else {
      SetBlocks(scale, slices, storage);
    }
  }

  void SetBlocks(const TensorEntry& scale, uint64_t slices, ScaledStorage& storage) const {
    const MatrixShape matrix = storage.matrix;
    const auto refuse = [&] {
      Fail(fmt::format("{}: scales {} do not fit {} matrices of {} x {}", stored_.Where(scale),
                       ShapeToString(scale.shape), slices, matrix.out, matrix.in));
    };
    if (scale.shape.size() < 2 || SlicesOf(scale.shape) != slices) refuse();
    const MatrixShape grid = MatrixOf(scale.shape);
    const auto block = [&](uint64_t size, uint64_t parts, uint64_t usual) -> uint64_t {
      if (parts != 0 && (size + usual - 1) / usual == parts) return usual;
      return parts != 0 && size % parts == 0 ? size / parts : 0;
    };
    storage.scale_rows = block(matrix.out, grid.out, config_.block_rows);
    storage.scale_columns = block(matrix.in, grid.in, config_.block_columns);
    if (storage.scale_rows == 0 || storage.scale_columns == 0) refuse();
  }

  float ReadFactor(const TensorEntry& entry) {
    stored_.Take(entry.name);
    stored_.RequireDType(entry, {DType::kF32});
    if (ElementCount(entry.shape) != 1) {
      Fail(fmt::format("{}: want one value, got {}", stored_.Where(entry),
                       ShapeToString(entry.shape)));
    }
    float factor;
    std::memcpy(&factor, stored_.Content(entry).data(), sizeof factor);
    if (!std::isfinite(factor) || factor == 0) {
      Fail(fmt::format("{}: want a finite scale other than 0", stored_.Where(entry)));
    }
    return factor;
  }
};

SmallFloatConfig ConfigOf(const nlohmann::json& config) {
  SmallFloatConfig settings;
  if (!config.is_object()) return settings;
  settings.decoded = ConfigDType(config).value_or(settings.decoded);
  const auto section = config.find("quantization_config");
  if (section == config.end() || !section->is_object()) return settings;
  const auto sizes = JsonReader(*section).OptionalSizes("weight_block_size", 2, {1, kMostBlock});
  if (sizes && sizes->size() == 2) {
    settings.block_rows = (*sizes)[0];
    settings.block_columns = (*sizes)[1];
  }
  return settings;
}

}  // namespace

std::vector<TensorEntry> RecogniseSmallFloats(const StoredInput& input,
                                              const SmallFloatConfig& config,
                                              std::vector<std::string>& notes) {
  return Recogniser(input, config).Run(notes);
}

bool HasSmallFloats(const Checkpoint& checkpoint) {
  return std::ranges::any_of(checkpoint.tensors, [](const TensorEntry& entry) {
    const bool is_packed = entry.dtype == DType::kU8 && (entry.name.ends_with("_blocks") ||
                                                         entry.name.ends_with("weight_packed"));
    return is_packed || (IsFloat8(entry.dtype) && entry.shape.size() >= 2);
  });
}

void InterpretSmallFloats(Checkpoint& checkpoint) {
  const std::string root = checkpoint.root.string();
  const SmallFloatConfig config = WithContext(root + "/config.json: quantization_config",
                                              [&] { return ConfigOf(checkpoint.config); });
  checkpoint.tensors = WithContext(root, [&] {
    return RecogniseSmallFloats(StoredInputOf(checkpoint), config, checkpoint.notes);
  });
  if (!checkpoint.config.is_object() || !checkpoint.config.contains("quantization_config")) return;
  nlohmann::json plain = checkpoint.config;
  plain.erase("quantization_config");
  SetConfig(checkpoint, std::move(plain));
}

}  // namespace hlwq::checkpoint
