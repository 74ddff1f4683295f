#include "checkpoint/polar/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "checkpoint/polar/layout.h"
#include "codec/gaussian_tables.h"

namespace hlwq::checkpoint {
namespace {

constexpr uint32_t kDefaultBlockSize = 128;
constexpr double kTableTolerance = 1e-5;  // between the scaled and the plain form of one table

static_assert(std::endian::native == std::endian::little, "file bytes are read in place");

template <typename T>
std::vector<T> ReadNumbers(const StoredTensors& stored, const TensorEntry& entry, DType dtype) {
  stored.RequireDType(entry, {dtype});
  const std::vector<std::byte> bytes = stored.Content(entry);
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

// One matrix while its parts are collected.
class MatrixReader {
 public:
  MatrixReader(const PolarInput& input, StoredTensors& stored, const TensorEntry& head,
               const PolarName& name)
      : input_(input), stored_(stored), head_(head), key_(*SplitPolarKey(head.name)), name_(name) {
    layer_ = FindLayer(input.polar_config, key_.prefix);
    if (layer_ == nullptr && name.slice) {
      layer_ = FindLayer(input.polar_config, fmt::format("{}_e{}", name.name, *name.slice));
    }
    if (layer_ == nullptr) layer_ = FindLayer(input.polar_config, name.name);
  }

  PolarMatrix Read() {
    Take(head_);
    const TensorEntry& norms = TakePart("norms");
    stored_.RequireDType(norms, {DType::kF16, DType::kF32});
    matrix_.norm_dtype = norms.dtype;
    evidence_.code_bytes = StoredTensors::RangeOf(head_).bytes;
    evidence_.norms_shape = norms.shape;
    ReadRecords();
    const MatrixLayout layout = IsPacked() ? ReadPacked() : ReadCodes();
    matrix_.shape = layout.shape;
    matrix_.has_assumed_table = levels_.empty();
    if (levels_.empty()) {
      const std::span<const float> levels =
          codec::GaussianLevels(codec::kTablePolarQuantV1, layout.bits);
      levels_.assign(levels.begin(), levels.end());
    }
    matrix_.spec = {
        .parameters = codec::HlwqParameters{.table = std::string(matrix_.has_assumed_table
                                                                     ? codec::kTablePolarQuantV1
                                                                     : "custom"),
                                            .scale_rule = codec::ScaleRule::kNorm,
                                            .bit_order = layout.bit_order,
                                            .block_size = evidence_.block_size},
        .bits = layout.bits,
        .levels = std::move(levels_)};
    CheckParts(norms);
    matrix_.rows.row_parts = {StoredTensors::RangeOf(head_), StoredTensors::RangeOf(norms)};
    return std::move(matrix_);
  }

 private:
  bool IsPacked() const { return key_.suffix == "__packed"; }
  std::string_view Separator() const { return key_.suffix.starts_with('.') ? "." : "__"; }
  std::string PartName(std::string_view part) const {
    return fmt::format("{}{}{}", key_.prefix, Separator(), part);
  }

  const TensorEntry& Take(const TensorEntry& entry) {
    const size_t index = stored_.Index(entry);
    matrix_.position = is_first_ ? index : std::min(matrix_.position, index);
    is_first_ = false;
    return stored_.Take(entry.name);
  }
  const TensorEntry& TakePart(std::string_view part) {
    const TensorEntry* entry = stored_.Find(PartName(part));
    if (entry == nullptr) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{}: its '{}' is missing", stored_.Where(head_), PartName(part)));
    }
    return Take(*entry);
  }

  [[noreturn]] void Fail(std::string_view message) const {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: {}", stored_.Where(head_), message));
  }

  // What polar_config.json says.
  void ReadRecords() {
    evidence_.block_size = input_.polar_config.block_size.value_or(kDefaultBlockSize);
    if (layer_ != nullptr) {
      evidence_.block_size = layer_->block_size.value_or(evidence_.block_size);
      evidence_.in_features = layer_->in_features;
      evidence_.out_features = layer_->out_features;
    }
    std::string source;
    if (layer_ != nullptr && layer_->bits) {
      evidence_.bits = layer_->bits;
      source = "layers";
    } else {
      evidence_.bits = RecordedBits(input_.polar_config, name_.name, &source);
    }
    evidence_.bits_source = fmt::format("'{}' of polar_config.json", source);
  }

  MatrixLayout ReadPacked() {
    stored_.RequireDType(head_, {DType::kU8});
    const TensorEntry& meta = TakePart("meta");
    evidence_.meta = ReadNumbers<int64_t>(stored_, meta, DType::kI64);
    if (layer_ != nullptr && (layer_->is_packed || layer_->is_packed_q5)) {
      Fail("polar_config.json says legacy packing, the key says a bit stream");
    }
    return WithContext(stored_.Where(head_), [&] { return SolvePacked(evidence_); });
  }

  MatrixLayout ReadCodes() {
    stored_.RequireDType(head_, {DType::kU8, DType::kI8});
    ReadTable();
    LegacyPacking recorded = LegacyPacking::kUnrecorded;
    if (layer_ != nullptr && layer_->is_packed && layer_->is_packed_q5) {
      Fail("polar_config.json says both packed and packed_q5");
    }
    if (layer_ != nullptr) {
      recorded = layer_->is_packed      ? LegacyPacking::kHalfNibble
                 : layer_->is_packed_q5 ? LegacyPacking::kLsb5
                                        : LegacyPacking::kPlain;
    }
    return WithContext(stored_.Where(head_), [&] {
      const MatrixLayout layout = SolveCodes(evidence_, recorded);
      if (head_.shape.size() != 1 && head_.shape.at(0) != layout.shape.out) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("want {} rows as the norms have, got {}", layout.shape.out,
                                ShapeToString(head_.shape)));
      }
      return layout;
    });
  }

  // The table beside the codes: `ct_scaled` holds level / sqrt(block), `ct` the levels.
  void ReadTable() {
    const float factor = std::sqrt(static_cast<float>(evidence_.block_size));
    const TensorEntry* scaled = stored_.Find(PartName("ct_scaled"));
    const TensorEntry* plain = stored_.Find(PartName("ct"));
    if (scaled == nullptr && plain == nullptr) {
      if (Separator() == "__") return;
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{}: its table '{}' (or '{}') is missing", stored_.Where(head_),
                              PartName("ct_scaled"), PartName("ct")));
    }
    if (plain != nullptr) levels_ = ReadNumbers<float>(stored_, Take(*plain), DType::kF32);
    if (scaled != nullptr) {
      std::vector<float> levels = ReadNumbers<float>(stored_, Take(*scaled), DType::kF32);
      for (float& level : levels) level *= factor;
      if (plain != nullptr && !AgreeTables(levels, levels_)) {
        Fail(fmt::format("'{}' and '{}' are two different tables", scaled->name, plain->name));
      }
      levels_ = std::move(levels);
    }
    const TensorEntry& table = scaled != nullptr ? *scaled : *plain;
    for (const float level : levels_) {
      if (!std::isfinite(level)) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("{}: want finite levels, got {}", stored_.Where(table), level));
      }
    }
    if (levels_.size() < 2 || levels_.size() > 256 || !std::has_single_bit(levels_.size())) {
      throw Error(ErrorCode::kInvalidData, fmt::format("{}: want 2, 4, ... or 256 levels, got {}",
                                                       stored_.Where(table), levels_.size()));
    }
    const int bits = std::countr_zero(levels_.size());
    if (layer_ != nullptr && layer_->bits && *layer_->bits != bits) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("{}: want {} levels for the {} bits of polar_config.json, got {}",
                              stored_.Where(table), uint64_t{1} << std::min(*layer_->bits, 16),
                              *layer_->bits, levels_.size()));
    }
    evidence_.bits = bits;  // of this very matrix: a pattern for many says less
    evidence_.bits_source = "'" + table.name + "'";
  }

  static bool AgreeTables(const std::vector<float>& a, const std::vector<float>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
      return std::abs(double{x} - y) <= kTableTolerance * std::max(1.0, std::abs(double{x}));
    });
  }

  // The codec has the last word: its row parts must be what is stored.
  void CheckParts(const TensorEntry& norms) const {
    const std::vector<codec::Part> parts = WithContext(stored_.Where(head_), [&] {
      return codec::MakeReferenceCodec(matrix_.spec)->Parts(matrix_.shape);
    });
    const uint64_t norm_factor = matrix_.norm_dtype == DType::kF32 ? 2 : 1;
    if (parts.at(0).bytes != evidence_.code_bytes) {
      Fail(fmt::format("want {} bytes, got {}", parts[0].bytes, evidence_.code_bytes));
    }
    const uint64_t norm_bytes = StoredTensors::RangeOf(norms).bytes;
    if (parts.at(1).bytes * norm_factor != norm_bytes) {
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("{}: want {} bytes, got {}", stored_.Where(norms),
                              parts[1].bytes * norm_factor, norm_bytes));
    }
  }

  const PolarInput& input_;
  StoredTensors& stored_;
  const TensorEntry& head_;
  const PolarKey key_;
  const PolarName& name_;
  const PolarLayer* layer_ = nullptr;
  MatrixEvidence evidence_;
  std::vector<float> levels_;
  PolarMatrix matrix_;
  bool is_first_ = true;
};

}  // namespace

PolarMatrix ReadPolarMatrix(const PolarInput& input, StoredTensors& stored, const TensorEntry& head,
                            const PolarName& name) {
  return MatrixReader(input, stored, head, name).Read();
}

}  // namespace hlwq::checkpoint
