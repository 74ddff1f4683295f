// The flags of hlwq export. What belongs to one target says so.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

const std::vector<std::string_view> kExport = {"export"};
const FlagValue kForCompressed = {"to", "compressed-tensors"};
const FlagValue kForGguf = {"to", "gguf"};

}  // namespace

std::vector<Flag> ExportFlags() {
  return {
      {.id = flag::kTo,
       .value_name = "FORMAT",
       .category = Category::kOutput,
       .verbs = kExport,
       .choices = {{"compressed-tensors", "integers with scales of groups: vLLM, transformers"},
                   {"gguf", "one file for llama.cpp, tokenizer included"}},
       .summary = "What to write; must be given"},
      {.id = flag::kExportBits,
       .short_name = 'b',
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "4",
       .choices = {{"4", "16 levels"}, {"8", "256 levels"}},
       .only_with = kForCompressed,
       .summary = "Bits of one weight"},
      {.id = flag::kGroupSize,
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "128",
       .choices = {{"128", "0.125 bits more a weight"},
                   {"64", "0.25 bits more"},
                   {"32", "0.5 bits more"}},
       .only_with = kForCompressed,
       .summary = "Weights that share a scale",
       .details = "Rows that it does not divide get the largest smaller group that does; what none "
                  "divides keeps its type."},
      {.id = flag::kScale,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "mse",
       .choices = {{"mse", "the scale with the least squared error, searched"},
                   {"absmax", "the largest weight over the largest level, as is usual"}},
       .only_with = kForCompressed,
       .summary = "How the scale of a group is chosen"},
      {.id = flag::kRotation,
       .value_name = "WHERE",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "none",
       .choices = {{"none", "the weights as they are"},
                   {"folded", "into the residual stream: every engine runs it"},
                   {"online", "the engine rotates inputs: vLLM on a GPU only"}},
       .only_with = kForCompressed,
       .summary = "Rotate the weights, so that outliers do not set the scales",
       .details = "Folded, the norms move into the matrices, a tied head becomes its own, and the "
                  "model computes the same in another basis. Online, transformers loads the result "
                  "and is wrong without a word."},
      {.id = flag::kSource,
       .value_name = "ORIGINAL",
       .category = Category::kInput,
       .verbs = kExport,
       .only_with = kForCompressed,
       .summary = "Take the weights from the float checkpoint that SRC was made from",
       .details = "Integers made from codes carry the errors of both. The tensors must agree in "
                  "names and shapes."},
      {.id = flag::kNonfinite,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "error",
       .choices = {{"error", "stop, and name the tensor and the position"},
                   {"keep", "leave that tensor in its source dtype"}},
       .only_with = kForCompressed,
       .summary = "What to do about NaN, infinity, and groups too large for a scale"},
      {.id = flag::kInclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = kExport,
       .only_with = kForCompressed,
       .summary = "Code tensors whose name matches as well, where they can be"},
      {.id = flag::kExclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = kExport,
       .only_with = kForCompressed,
       .summary = "Carry tensors whose name matches over as they are"},
      {.id = flag::kReport,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = kExport,
       .only_with = kForCompressed,
       .summary = "Also write a page that shows what was lost, tensor by tensor"},
      {.id = flag::kType,
       .value_name = "TYPE",
       .category = Category::kCoding,
       .verbs = kExport,
       .default_value = "f16",
       .choices = {{"f16", "half precision; weights beyond 65504 are an error"},
                   {"bf16", "bfloat16"},
                   {"q8_0", "8.5 bits a weight, in blocks of 32"}},
       .only_with = kForGguf,
       .summary = "What matrices are stored as",
       .details = "Norms, biases and routers are float32. What blocks of 32 do not fit is f16."},
  };
}

}  // namespace hlwq::cli
