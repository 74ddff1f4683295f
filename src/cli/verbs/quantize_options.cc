#include "cli/verbs/quantize_options.h"

#include "cli/verbs/conversion.h"
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
  if (arguments.Has(flag::kEffort)) spec.scale_rule = arguments.Text(flag::kEffort);
  return spec;
}

codec::CodecSpec CodecSpecOf(const Arguments& arguments) {
  codec::CodecSpec spec = CodecOf(arguments);
  if (arguments.Has(flag::kCompat)) {
    spec.table = "polarquant-v1";
    spec.scale_rule = "norm";
  }
  if (arguments.Has(flag::kTable)) spec.table = arguments.Text(flag::kTable);
  if (arguments.Has(flag::kScale)) spec.scale_rule = arguments.Text(flag::kScale);
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
  return convert::MakePlan(input, convert::Recipe::Load(recipe), options);
}

}  // namespace hlwq::cli
