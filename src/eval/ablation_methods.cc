#include "eval/ablation_methods.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "checkpoint/views/block_rotation.h"
#include "codec/gaussian_tables.h"
#include "codec/hadamard.h"
#include "codec/pack_quantized_codec.h"

namespace hlwq::eval {
namespace {

using codec::CodecSpec;
using codec::GgmlType;
using codec::IntScaleRule;
using SharedCodec = std::shared_ptr<const codec::Codec>;
using Treat = std::function<MatrixTreatment(MatrixShape)>;

constexpr uint64_t kBlock = codec::kBlockSize;

CodecSpec Hlwq(int bits, std::string_view table, codec::ScaleRule rule) {
  return {.parameters = codec::HlwqParameters{.table = std::string(table), .scale_rule = rule},
          .bits = bits,
          .levels = {}};
}

CodecSpec Trellis(int bits) {
  return {.parameters = codec::TrellisParameters(), .bits = bits, .levels = {}};
}

// `group` 0: a scale for a row.
CodecSpec Integers(int bits, uint32_t group, IntScaleRule rule) {
  return {.parameters = codec::PackQuantizedParameters{.scale_rule = rule, .scale_group = group},
          .bits = bits,
          .levels = {}};
}

SharedChange Rotation(uint64_t block) {
  return std::make_shared<checkpoint::BlockRotation>(
      checkpoint::RotationSides{.column_block = block});
}

// What `change` does to rotated weights.
SharedChange Rotated(uint64_t block, SharedChange change) {
  const SharedChange rotation = Rotation(block);
  return std::make_shared<ChangeChain>(
      std::vector<SharedChange>{rotation, std::move(change), rotation});
}

MatrixShape PaddedShape(MatrixShape shape) {
  return {.out = shape.out, .in = (shape.in + kBlock - 1) / kBlock * kBlock};
}

// Bits for one weight of the matrix when codes of the padded one are stored.
double PaddedBits(const codec::Codec& codec, MatrixShape shape) {
  const MatrixShape padded = PaddedShape(shape);
  return codec.BitsPerWeight(padded) * static_cast<double>(padded.in) /
         static_cast<double>(shape.in);
}

// A codec over rows filled up to blocks of 128, in the basis of the weights or rotated.
Treat InBlocks(const SharedCodec& codec, bool is_rotated) {
  SharedChange change = std::make_shared<CodecRoundTrip>(codec);
  if (is_rotated) change = Rotated(kBlock, std::move(change));
  change = std::make_shared<PaddedRows>(kBlock, std::move(change));
  return [=](MatrixShape shape) { return MatrixTreatment{change, PaddedBits(*codec, shape), ""}; };
}

// A codec over rows as they are.
Treat OverRows(const SharedCodec& codec) {
  const auto change = std::make_shared<CodecRoundTrip>(codec);
  return [=](MatrixShape shape) {
    return MatrixTreatment{change, codec->BitsPerWeight(shape), ""};
  };
}

struct Int4Steps {
  IntScaleRule scale_rule = IntScaleRule::kAbsmax;
  bool is_rotated = false;
  std::optional<CodecSpec> before = std::nullopt;  // what the weights have gone through already
};

Treat Int4(const codec::Backend& backend, const Int4Steps& steps) {
  return [=, &backend](MatrixShape shape) -> MatrixTreatment {
    const uint32_t group = codec::LargestIntGroup(shape.in);
    if (group == 0) return {};
    const SharedCodec codec = backend.MakeCodec(Integers(4, group, steps.scale_rule));
    MatrixTreatment treatment = {std::make_shared<CodecRoundTrip>(codec),
                                 codec->BitsPerWeight(shape), fmt::format("groups of {}", group)};
    if (steps.is_rotated) {
      const uint64_t block = checkpoint::RotationBlock(shape.in);
      treatment.change = Rotated(block, std::move(treatment.change));
      treatment.detail += fmt::format(" rotated in blocks of {}", block);
    }
    if (steps.before) {
      const auto before = std::make_shared<CodecRoundTrip>(backend.MakeCodec(*steps.before));
      treatment.change = std::make_shared<ChangeChain>(
          std::vector<SharedChange>{before, std::move(treatment.change)});
    }
    return treatment;
  };
}

Treat Ggml(GgmlType type) {
  const auto change = std::make_shared<GgmlRoundTrip>(type);
  return [=](MatrixShape shape) -> MatrixTreatment {
    const uint32_t weights = codec::GgmlBlockWeights(type);
    if (shape.in % weights != 0) return {};
    return {change, 8.0 * codec::GgmlBlockBytes(type) / weights, ""};
  };
}

}  // namespace

std::vector<AblationMethod> AblationMethods(int bits, const codec::Backend& backend) {
  const auto make = [&](const CodecSpec& spec) { return backend.MakeCodec(spec); };
  const CodecSpec published = Hlwq(bits, codec::kTablePolarQuantV1, codec::ScaleRule::kNorm);
  const CodecSpec converged = Hlwq(bits, codec::kTableLloydMax, codec::ScaleRule::kNorm);
  using enum report::MethodKind;
  const std::string n = fmt::format("{} bits", bits);
  return {
      {"absmax-row", "absmax, a scale a row, " + n, kUnrotated,
       OverRows(make(Integers(bits, 0, IntScaleRule::kAbsmax)))},
      {"absmax-group", "absmax, groups of 128, " + n, kUnrotated,
       InBlocks(make(Integers(bits, kBlock, IntScaleRule::kAbsmax)), false)},
      {"rotation-absmax", "rotation + absmax, " + n, kRotated,
       InBlocks(make(Integers(bits, kBlock, IntScaleRule::kAbsmax)), true)},
      // The codec rotates; rotated before, weights are coded as they were.
      {"lloyd-max", "Lloyd-Max, no rotation, " + n, kUnrotated, InBlocks(make(converged), true)},
      {"hlwq-published", fmt::format("HLWQ-{}, published", bits), kRotated,
       OverRows(make(published))},
      {"hlwq-converged", fmt::format("HLWQ-{}, converged table", bits), kRotated,
       OverRows(make(converged))},
      {"hlwq-search", fmt::format("HLWQ-{}, scale search", bits), kRotated,
       OverRows(make(Hlwq(bits, codec::kTableLloydMax, codec::ScaleRule::kSearch)))},
      {"hlwq-t", fmt::format("hlwq-t, {} bits", bits), kRotated, OverRows(make(Trellis(bits)))},
      {"int4-absmax", "INT4 absmax", kUnrotated,
       Int4(backend, {.scale_rule = IntScaleRule::kAbsmax})},
      {"int4-mse", "INT4 mse", kUnrotated, Int4(backend, {.scale_rule = IntScaleRule::kMse})},
      {"cascade", fmt::format("HLWQ-{} → INT4 absmax", bits), kUnrotated,
       Int4(backend, {.scale_rule = IntScaleRule::kAbsmax, .before = published})},
      {"int4-rotated", "INT4 mse, rotated", kRotated,
       Int4(backend, {.scale_rule = IntScaleRule::kMse, .is_rotated = true})},
      {"q4_0", "Q4_0", kGgml, Ggml(GgmlType::kQ4_0)},
      {"q5_0", "Q5_0", kGgml, Ggml(GgmlType::kQ5_0)},
      {"q8_0", "Q8_0", kGgml, Ggml(GgmlType::kQ8_0)},
  };
}

std::vector<AblationQuestion> AblationQuestions() {
  return {
      {"absmax-row", "absmax-group", "scales of groups instead of rows"},
      {"absmax-group", "rotation-absmax", "the rotation, with uniform levels"},
      {"lloyd-max", "hlwq-converged", "the rotation, with Lloyd-Max levels"},
      {"absmax-group", "lloyd-max", "Lloyd-Max levels, without the rotation"},
      {"rotation-absmax", "hlwq-published", "the published levels, after the rotation"},
      {"rotation-absmax", "hlwq-converged", "converged levels, after the rotation"},
      {"absmax-group", "hlwq-published", "all of HLWQ as published"},
      {"hlwq-published", "hlwq-converged", "a table that has converged"},
      {"hlwq-converged", "hlwq-search", "the scale search"},
      {"hlwq-published", "hlwq-search",
       "both: this project's form of the codec over the published one"},
      {"hlwq-search", "hlwq-t", "the trellis code"},
      {"int4-absmax", "cascade", "the published cascade over INT4 from the source"},
      {"int4-mse", "cascade", "the same over INT4 with searched scales"},
      {"int4-absmax", "int4-mse", "searched scales of INT4"},
      {"int4-mse", "int4-rotated", "the rotation kept at run time, for INT4"},
      {"q5_0", "hlwq-search", "HLWQ over Q5_0"},
  };
}

std::vector<AblationShare> AblationShares() {
  return {
      {"absmax-group", "rotation-absmax", "hlwq-published",
       "of the way from absmax to published HLWQ, the rotation alone makes"},
      {"absmax-group", "rotation-absmax", "hlwq-converged",
       "of the way from absmax to HLWQ with the converged table, the rotation alone makes"},
      {"absmax-group", "lloyd-max", "hlwq-converged",
       "of the same way, Lloyd-Max levels alone make"},
  };
}

}  // namespace hlwq::eval
