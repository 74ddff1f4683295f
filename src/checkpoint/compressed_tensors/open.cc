#include "checkpoint/compressed_tensors/open.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "codec/codec.h"
#include "codec/int_words.h"

namespace hlwq::checkpoint {
namespace {

constexpr std::string_view kPacked = "_packed";
constexpr std::string_view kScale = "_scale";
constexpr std::string_view kShape = "_shape";
// What the library stores beside them for schemes that are not handled.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRefused = {
    {{"_zero_point", "asymmetric groups are not handled"},
     {"_g_idx", "groups of permuted columns are not handled"},
     {"_global_scale", "scales of scales are not handled"}}};

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

void RequireShape(const StoredTensors& stored, const TensorEntry& entry, DType dtype,
                  const Shape& shape) {
  if (entry.dtype == dtype && entry.shape == shape) return;
  Fail(fmt::format("{}: want {} {}, got {} {}", stored.Where(entry), DTypeName(dtype),
                   ShapeToString(shape), DTypeName(entry.dtype), ShapeToString(entry.shape)));
}

MatrixShape ReadShape(const StoredTensors& stored, const TensorEntry& entry) {
  RequireShape(stored, entry, DType::kI64, {2});
  std::array<int64_t, 2> sides;
  std::memcpy(sides.data(), stored.Content(entry).data(), sizeof sides);
  if (sides[0] < 1 || sides[1] < 1) {
    Fail(fmt::format("{}: want a matrix, got [{}, {}]", stored.Where(entry), sides[0], sides[1]));
  }
  return {static_cast<uint64_t>(sides[0]), static_cast<uint64_t>(sides[1])};
}

// How a matrix may be read.
struct Reading {
  int bits = 0;
  uint32_t group = 0;  // 0: a row
  codec::WordOrder order = codec::WordOrder::kDense;

  bool operator==(const Reading&) const = default;
  std::string Name() const {
    return fmt::format("{} bits ({}) of {}", bits, codec::WordOrderName(order),
                       group == 0 ? "rows" : fmt::format("groups of {}", group));
  }
};

// Whether rows of `in` with so many words and scales are stored that way.
bool Fits(const Reading& reading, uint64_t in, uint64_t words, uint64_t scales) {
  const uint64_t group = reading.group == 0 ? in : reading.group;
  return in % group == 0 && in / group == scales &&
         codec::WordsPerRow(reading.order, reading.bits, in) == words;
}

class Recogniser {
 public:
  Recogniser(const StoredInput& input, const std::vector<CompressedScheme>& schemes)
      : input_(input), stored_(input), schemes_(schemes) {}

  std::vector<TensorEntry> Run() {
    std::vector<PlacedEntry> coded;
    for (const TensorEntry& entry : input_.stored) {
      if (entry.name.ends_with(kPacked)) coded.push_back(ReadMatrix(entry));
    }
    for (const TensorEntry& entry : input_.stored) {
      if (!stored_.IsTaken(entry)) RequireOwn(entry);
    }
    return FinishEntries(input_, stored_, std::move(coded));
  }

 private:
  const StoredInput& input_;
  StoredTensors stored_;
  const std::vector<CompressedScheme>& schemes_;
  std::shared_ptr<const codec::Codec> codec_;  // of the last matrix

  PlacedEntry ReadMatrix(const TensorEntry& packed) {
    const std::string name = packed.name.substr(0, packed.name.size() - kPacked.size());
    for (const auto& [suffix, reason] : kRefused) {
      const TensorEntry* refused = stored_.Find(name + std::string(suffix));
      if (refused == nullptr) continue;
      throw Error(ErrorCode::kUnsupported, fmt::format("{}: {}", stored_.Where(*refused), reason));
    }
    stored_.Take(packed.name);
    const TensorEntry& scale = stored_.Take(name + std::string(kScale));
    const TensorEntry& shape = stored_.Take(name + std::string(kShape));
    stored_.RequireDType(scale, {DType::kBF16, DType::kF16, DType::kF32});
    const MatrixShape matrix = ReadShape(stored_, shape);
    const codec::Codec& codec = CodecFor(ReadingOf(packed, scale, matrix), scale.dtype);
    const std::vector<codec::Part> parts =
        WithContext(stored_.Where(packed), [&] { return codec.Parts(matrix); });
    RequireShape(stored_, packed, parts[0].dtype, parts[0].shape);
    RequireShape(stored_, scale, parts[1].dtype, parts[1].shape);

    PlacedEntry placed;
    placed.position = std::min({stored_.Index(packed), stored_.Index(scale), stored_.Index(shape)});
    placed.entry = {
        name,
        scale.dtype,
        {matrix.out, matrix.in},
        CodedStorage{
            .spec = codec.spec(),
            .matrix = matrix,
            .slices = {{{StoredTensors::RangeOf(packed), StoredTensors::RangeOf(scale)}}}}};
    return placed;
  }

  // Widths that the words and scales of a row have under the schemes of config.json.
  Reading ReadingOf(const TensorEntry& packed, const TensorEntry& scale, MatrixShape matrix) const {
    if (packed.shape.size() != 2 || scale.shape.size() != 2) {
      Fail(fmt::format("{}: want two axes here and of '{}', got {} and {}", stored_.Where(packed),
                       scale.name, ShapeToString(packed.shape), ShapeToString(scale.shape)));
    }
    const uint64_t words = packed.shape[1];
    const std::string module = ModuleOf(packed);
    const bool is_named = std::ranges::any_of(
        schemes_, [&](const CompressedScheme& scheme) { return Names(scheme, module); });
    std::optional<Reading> found;
    for (const CompressedScheme& scheme : schemes_) {
      if (is_named && !Names(scheme, module)) continue;
      for (const auto order : {codec::WordOrder::kDense, codec::WordOrder::kWhole}) {
        const Reading reading = {scheme.bits, scheme.group_size, order};
        if (!Fits(reading, matrix.in, words, scale.shape[1])) continue;
        if (found && IsSame(*found, reading, matrix.in, words)) continue;
        if (found) {
          Fail(fmt::format("{}: fits both {} and {}", stored_.Where(packed), found->Name(),
                           reading.Name()));
        }
        found = reading;
      }
    }
    if (!found) {
      Fail(fmt::format("{}: want {} words and {} scales for rows of {} to fit a config group",
                       stored_.Where(packed), words, scale.shape[1], matrix.in));
    }
    return *found;
  }

  static std::string ModuleOf(const TensorEntry& packed) {
    constexpr std::string_view kWeight = ".weight";
    std::string name = packed.name.substr(0, packed.name.size() - kPacked.size());
    if (name.ends_with(kWeight)) name.resize(name.size() - kWeight.size());
    return name;
  }
  static bool Names(const CompressedScheme& scheme, const std::string& module) {
    return std::ranges::find(scheme.targets, module) != scheme.targets.end();
  }

  // The same codes and scales: both orders are the same bytes where codes fill words, or fit one.
  static bool IsSame(const Reading& a, const Reading& b, uint64_t in, uint64_t words) {
    const auto group = [&](const Reading& reading) {
      return reading.group == 0 ? in : reading.group;
    };
    return a.bits == b.bits && group(a) == group(b) &&
           (a.order == b.order || 32 % a.bits == 0 || words == 1);
  }

  const codec::Codec& CodecFor(const Reading& reading, DType scale_dtype) {
    codec::CodecSpec spec = {
        .parameters = codec::PackQuantizedParameters{.scale_rule = std::nullopt,
                                                     .word_order = reading.order,
                                                     .scale_group = reading.group,
                                                     .scale_dtype = scale_dtype},
        .bits = reading.bits,
        .levels = {}};
    if (codec_) spec.levels = codec_->spec().levels;
    if (!codec_ || spec != codec_->spec()) {
      spec.levels.clear();
      codec_ = codec::MakeReferenceCodec(spec);
    }
    return *codec_;
  }

  // A part without its matrix would otherwise pass as a weight.
  void RequireOwn(const TensorEntry& entry) const {
    for (const std::string_view suffix : {kScale, kShape}) {
      if (!entry.name.ends_with(".weight" + std::string(suffix))) continue;
      const std::string packed =
          entry.name.substr(0, entry.name.size() - suffix.size()) + std::string(kPacked);
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{}: '{}' is missing", stored_.Where(entry), packed));
    }
  }
};

}  // namespace

std::vector<TensorEntry> RecogniseCompressedTensors(const StoredInput& input,
                                                    const std::vector<CompressedScheme>& schemes) {
  return Recogniser(input, schemes).Run();
}

void InterpretCompressedTensors(Checkpoint& checkpoint) {
  const std::string root = checkpoint.root.string();
  const auto section = checkpoint.config.find("quantization_config");
  const std::vector<CompressedScheme> schemes = WithContext(
      root + "/config.json: quantization_config", [&] { return ParseCompressedConfig(*section); });
  checkpoint.tensors = WithContext(
      root, [&] { return RecogniseCompressedTensors(StoredInputOf(checkpoint), schemes); });
  checkpoint.format = Format::kCompressedTensors;
  nlohmann::json plain = checkpoint.config;
  plain.erase("quantization_config");
  SetConfig(checkpoint, std::move(plain));
}

}  // namespace hlwq::checkpoint
