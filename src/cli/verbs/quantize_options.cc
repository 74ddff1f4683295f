#include "cli/verbs/quantize_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/verbs/conversion.h"
#include "codec/codec_record.h"
#include "codec/gaussian_tables.h"
#include "convert/stream.h"

namespace hlwq::cli {
namespace {

// Resident memory besides the buffers of the stream, each rounded up from measurements: the program
// itself (7.5 MB); the record of a source tensor with its histograms, while it runs and for the
// manifest (3 kB each); an output tensor's name, place, checksum and part of a task (1.8 kB).
constexpr uint64_t kProgramBytes = 12'000'000;
constexpr uint64_t kSourceTensorBytes = 6'000;
constexpr uint64_t kOutputTensorBytes = 2'000;

std::optional<int> BitsOf(const Arguments& arguments, const IntegerFlag& flag) {
  const std::optional<int64_t> bits = arguments.FindInteger(flag);
  return bits ? std::optional<int>(static_cast<int>(*bits)) : std::nullopt;
}

// Whatever the recipe says: --bits is there to be used.
void CheckBits(const codec::CodecSpec& spec) {
  const codec::CodecRecord& record = codec::RecordOf(spec);
  if (spec.bits >= record.min_bits && spec.bits <= record.max_bits) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("--bits: want {} to {} with --codec {}, got {}", record.min_bits,
                          record.max_bits, record.name, spec.bits));
}

}  // namespace

convert::RecipeOptions RecipeOptionsOf(const Arguments& arguments) {
  return {.recipe = arguments.Text(flag::kRecipe),
          .bits = static_cast<int>(arguments.Integer(flag::kBits)),
          .include = arguments.List(flag::kInclude),
          .exclude = arguments.List(flag::kExclude),
          .embedding_bits = BitsOf(arguments, flag::kEmbeddings),
          .lm_head_bits = BitsOf(arguments, flag::kLmHead)};
}

codec::CodecSpec CodecOf(const Arguments& arguments) {
  codec::CodecSpec spec = codec::DefaultSpec(arguments.Text(flag::kCodec));
  spec.bits = static_cast<int>(arguments.Integer(flag::kBits));
  CheckBits(spec);
  auto* trellis = std::get_if<codec::TrellisParameters>(&spec.parameters);
  if (trellis != nullptr && arguments.Has(flag::kEffort))
    trellis->effort = arguments.Text(flag::kEffort);
  return spec;
}

codec::CodecSpec CodecSpecOf(const Arguments& arguments) {
  codec::CodecSpec spec = CodecOf(arguments);
  auto* hlwq = std::get_if<codec::HlwqParameters>(&spec.parameters);
  if (hlwq == nullptr) return spec;  // the flags below are of that codec alone
  if (arguments.Has(flag::kCompat)) {
    hlwq->table = codec::kTablePolarQuantV1;
    hlwq->scale_rule = codec::ScaleRule::kNorm;
  }
  if (arguments.Has(flag::kTable)) hlwq->table = arguments.Text(flag::kTable);
  if (arguments.Has(flag::kScale)) {
    hlwq->scale_rule = codec::ScaleRuleFromName(arguments.Text(flag::kScale));
  }
  return spec;
}

convert::QuantizePlan PlanQuantize(const Arguments& arguments, const convert::PlanInput& input,
                                   const convert::RecipeOptions& recipe) {
  convert::PlanOptions options;
  options.codec = CodecSpecOf(arguments);
  options.max_shard_bytes = arguments.Bytes(flag::kMaxShardSize);
  options.peak_memory_bytes = [threads = ThreadsOf(arguments)](const convert::PlanScale& scale) {
    return kProgramBytes + convert::PeakStreamBytes(threads, scale.max_in) +
           kSourceTensorBytes * scale.source_tensors + kOutputTensorBytes * scale.output_tensors;
  };
  convert::RecipeOptions asked = recipe;
  const codec::CodecRecord& record = codec::RecordOf(options.codec);
  asked.model = {.most_bits = record.max_bits};
  for (const convert::PlanTensor& tensor : input.tensors) asked.model.Add(tensor.spec);
  const convert::Recipe loaded = convert::Recipe::Load(asked);
  convert::QuantizePlan plan = convert::MakePlan(input, loaded, options);
  if (!loaded.follows_bits()) return plan;
  for (asked.bits = record.min_bits; asked.bits <= record.max_bits; ++asked.bits) {
    plan.sizes.push_back(
        {asked.bits, convert::MakePlan(input, convert::Recipe::Load(asked), options).output_bytes});
  }
  return plan;
}

}  // namespace hlwq::cli
