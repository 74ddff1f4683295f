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

std::optional<int> BitsOf(const Arguments& arguments, std::string_view flag) {
  const std::optional<int64_t> bits = arguments.FindInteger(flag);
  return bits ? std::optional<int>(static_cast<int>(*bits)) : std::nullopt;
}

}  // namespace

convert::RecipeOptions RecipeOptionsOf(const Arguments& arguments) {
  return {.recipe = arguments.Text("recipe"),
          .bits = static_cast<int>(arguments.Integer("bits")),
          .include = arguments.List("include"),
          .exclude = arguments.List("exclude"),
          .embedding_bits = BitsOf(arguments, "embeddings"),
          .lm_head_bits = BitsOf(arguments, "lm-head")};
}

codec::CodecSpec CodecOf(const Arguments& arguments) {
  codec::CodecSpec spec = codec::DefaultSpec(arguments.Text("codec"));
  spec.bits = static_cast<int>(arguments.Integer("bits"));
  if (arguments.Has("effort")) spec.scale_rule = arguments.Text("effort");
  return spec;
}

codec::CodecSpec CodecSpecOf(const Arguments& arguments) {
  codec::CodecSpec spec = CodecOf(arguments);
  if (arguments.Has("compat")) {
    spec.table = "polarquant-v1";
    spec.scale_rule = "norm";
  }
  if (arguments.Has("table")) spec.table = arguments.Text("table");
  if (arguments.Has("scale")) spec.scale_rule = arguments.Text("scale");
  return spec;
}

convert::QuantizePlan PlanQuantize(const Arguments& arguments, const convert::PlanInput& input,
                                   const convert::RecipeOptions& recipe) {
  convert::PlanOptions options;
  options.codec = CodecSpecOf(arguments);
  options.max_shard_bytes = arguments.Bytes("max-shard-size");
  options.peak_memory_bytes = [threads = ThreadsOf(arguments)](const convert::PlanScale& scale) {
    return kProgramBytes + convert::PeakStreamBytes(threads, scale.max_in) +
           kSourceTensorBytes * scale.source_tensors + kOutputTensorBytes * scale.output_tensors;
  };
  return convert::MakePlan(input, convert::Recipe::Load(recipe), options);
}

}  // namespace hlwq::cli
