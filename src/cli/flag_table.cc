// Every flag of hlwq. Order within a category is the order of the help.
#include "cli/flags.h"

namespace hlwq::cli {
namespace {

constexpr double kNoLimit = 0x1p62;

std::vector<Flag> CodingFlags() {
  return {
      {.name = "bits",
       .short_name = 'b',
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan", "synth"},
       .default_value = "5",
       .minimum = 1,
       .maximum = 8,
       .summary = "Bits of one code",
       .details = "A code of N bits names one of 2^N levels; with the norm of each block of 128 "
                  "weights a matrix takes N + 0.125 bits per weight. For Gaussian weights 3 bits "
                  "give 15 dB of signal to noise, 4 bits 21 dB, 5 bits 27 dB, 6 bits 33 dB. A "
                  "recipe that names bits for a tensor wins over this flag."},
      {.name = "recipe",
       .short_name = 'r',
       .kind = FlagKind::kPath,
       .value_name = "NAME|FILE",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .default_value = "published",
       .choices = {{"published", "experts, attention and shared experts; the rest is carried over"},
                   {"uniform", "every weight matrix of the decoder layers"},
                   {"mixed", "gate and up 3 bits, down 4, q/k/v 5, o 6, embeddings 5, lm_head 6"}},
       .summary = "Which tensors are coded, and with how many bits",
       .details = "A name, or a JSON file of roles and globs to bits (docs/recipes.md). "
                  "Norms, routers, gates, biases and everything below two dimensions always keep "
                  "their source dtype."},
      {.name = "table",
       .kind = FlagKind::kChoice,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .default_value = "lloyd-max",
       .choices = {{"lloyd-max", "the optimal levels for a Gaussian"},
                   {"polarquant-v1", "the published tools' levels: 100 rounds, ends fixed at 4"},
                   {"polarquant-v1-inf", "the same with the ends at infinity"}},
       .summary = "The levels that codes stand for",
       .details =
           "The published levels are not converged: 16 % more squared error at 5 bits, twice "
           "as much at 8."},
      {.name = "scale",
       .kind = FlagKind::kChoice,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .default_value = "search",
       .choices = {{"search", "the multiplier with the least squared error, searched"},
                   {"norm", "the block's norm, as published"}},
       .summary = "How the multiplier of a block is chosen",
       .details =
           "The decoder only multiplies, so every reader profits: at 5 bits the search gains "
           "1.1 dB at the same size."},
      {.name = "compat",
       .kind = FlagKind::kChoice,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .choices = {{"polarquant-v1", "its table, the norm as multiplier"}},
       .conflicts = {"table", "scale"},
       .summary = "Code exactly as a published tool does",
       .details = "For comparisons; what is written then decodes to the same values in that tool."},
      {.name = "nonfinite",
       .kind = FlagKind::kChoice,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = {"quantize"},
       .default_value = "error",
       .choices = {{"error", "stop, and name the tensor and the position"},
                   {"keep", "leave that tensor in its source dtype"}},
       .summary = "What to do about NaN, infinity, and blocks too large for a 16-bit norm"},
  };
}

std::vector<Flag> SelectionFlags() {
  return {
      {.name = "include",
       .kind = FlagKind::kList,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .summary = "Code tensors whose name matches as well, where they can be",
       .details = "* stands for any text, ? for one character, [a-z] for one of a set, as in "
                  "'model.layers.0.*'. --exclude wins over --include."},
      {.name = "exclude",
       .kind = FlagKind::kList,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .summary = "Carry tensors whose name matches over as they are"},
      {.name = "embeddings",
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .minimum = 0,
       .maximum = 8,
       .summary = "Bits for the token embeddings; 0 carries them over",
       .details = "Without it the recipe decides; the published one carries them over."},
      {.name = "lm-head",
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .minimum = 0,
       .maximum = 8,
       .summary = "Bits for the output matrix; 0 carries it over",
       .details = "Without it the recipe decides; the published one carries it over."},
      {.name = "include",
       .kind = FlagKind::kList,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"compare"},
       .summary = "Compare only tensors whose name matches"},
      {.name = "exclude",
       .kind = FlagKind::kList,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"compare"},
       .summary = "Leave tensors whose name matches out"},
      {.name = "tensor",
       .kind = FlagKind::kText,
       .value_name = "NAME",
       .category = Category::kSelection,
       .verbs = {"inspect"},
       .summary = "Show everything about one tensor"},
      {.name = "min-snr",
       .kind = FlagKind::kNumber,
       .value_name = "DB",
       .category = Category::kSelection,
       .verbs = {"compare"},
       .minimum = -1000,
       .maximum = 1000,
       .summary = "The bar: exit 1 when a tensor has a lower signal-to-noise ratio"},
  };
}

std::vector<Flag> OutputFlags() {
  return {
      {.name = "dtype",
       .kind = FlagKind::kChoice,
       .value_name = "TYPE",
       .category = Category::kOutput,
       .verbs = {"dequantize", "import"},
       .choices = {{"bf16", "bfloat16"}, {"f16", "half precision"}, {"f32", "single precision"}},
       .summary = "Element type of the weights that are decoded",
       .details = "Without it they get the type of the model they came from, where that is known, "
                  "else the one their format stands for. What is stored plain stays as it is."},
      {.name = "format",
       .kind = FlagKind::kChoice,
       .value_name = "NAME",
       .category = Category::kOutput,
       .verbs = {"synth"},
       .default_value = "bf16",
       .choices = {{"bf16", "a plain checkpoint"}, {"polar_state", "a quantized one"}},
       .summary = "What kind of checkpoint to write"},
      {.name = "max-shard-size",
       .kind = FlagKind::kBytes,
       .value_name = "SIZE",
       .category = Category::kOutput,
       .verbs = {"quantize", "plan", "dequantize", "import", "synth"},
       .default_value = "5GB",
       .minimum = 1 << 20,
       .maximum = kNoLimit,
       .summary = "Begin a new file before one grows beyond this",
       .details = "5GB is 5 * 10^9 bytes, 5GiB is 5 * 2^30. A single tensor may be larger."},
      {.name = "report",
       .kind = FlagKind::kPath,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = {"quantize", "compare"},
       .summary = "Also write a page that shows what was lost, tensor by tensor",
       .details = "One self-contained HTML file: signal to noise by layer and role, the worst "
                  "tensors, the distribution of the rotated weights, sizes."},
      {.name = "overwrite",
       .kind = FlagKind::kSwitch,
       .category = Category::kOutput,
       .verbs = {"quantize", "dequantize", "import", "synth"},
       .summary = "Replace a DST that exists",
       .details = "Without it an existing DST is refused."},
      {.name = "seed",
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"synth"},
       .default_value = "0",
       .minimum = 0,
       .maximum = 0x1p53,
       .summary = "Seed of the random weights"},
      {.name = "layers",
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"synth"},
       .minimum = 1,
       .maximum = 10000,
       .summary = "Make only the first N decoder layers"},
  };
}

std::vector<Flag> RunFlags() {
  return {
      {.name = "resume",
       .kind = FlagKind::kSwitch,
       .category = Category::kRun,
       .verbs = {"quantize", "dequantize", "import", "synth"},
       .conflicts = {"overwrite"},
       .summary = "Go on where an interrupted run of the same job stopped",
       .details = "The result has the same bytes as that of an undisturbed run. A source that "
                  "changed in between is refused."},
      {.name = "dry-run",
       .short_name = 'n',
       .kind = FlagKind::kSwitch,
       .category = Category::kRun,
       .verbs = {"quantize"},
       .summary = "Check everything, say what would be done, write nothing"},
      {.name = "threads",
       .short_name = 'j',
       .kind = FlagKind::kInteger,
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"quantize", "dequantize", "import", "plan", "compare", "verify", "synth"},
       .minimum = 1,
       .maximum = 1024,
       .summary = "Threads to work with; all processors when not given",
       .details = "The result does not depend on it."},
      {.name = "completions",
       .kind = FlagKind::kChoice,
       .value_name = "SHELL",
       .category = Category::kOutput,
       .verbs = {"help"},
       .choices = {{"bash", "a script to source, or for bash-completion"},
                   {"zsh", "a file _hlwq for a folder of $fpath"},
                   {"fish", "a file hlwq.fish for the completions folder"}},
       .conflicts = {"man"},
       .summary = "Print the completions of a shell"},
      {.name = "man",
       .kind = FlagKind::kSwitch,
       .category = Category::kOutput,
       .verbs = {"help"},
       .summary = "Print the man page, as roff source"},
  };
}

std::vector<Flag> GeneralFlags() {
  return {
      {.name = "quiet",
       .short_name = 'q',
       .kind = FlagKind::kSwitch,
       .category = Category::kGeneral,
       .summary = "No progress, no notes, no summary; only data and errors"},
      {.name = "json",
       .kind = FlagKind::kSwitch,
       .category = Category::kGeneral,
       .summary = "Print the result, or the error, as one JSON document on stdout"},
      {.name = "help",
       .short_name = 'h',
       .kind = FlagKind::kSwitch,
       .category = Category::kGeneral,
       .summary = "Explain the verb: -h in short, --help in full"},
      {.name = "version",
       .short_name = 'V',
       .kind = FlagKind::kSwitch,
       .category = Category::kGeneral,
       .summary = "Print the version"},
  };
}

}  // namespace

std::vector<Flag> HlwqFlags() {
  std::vector<Flag> flags;
  for (auto&& group :
       {CodingFlags(), SelectionFlags(), OutputFlags(), RunFlags(), ModelFlags(),
        GenerationFlags(), EvaluationFlags(), GeneralFlags()}) {
    flags.insert(flags.end(), group.begin(), group.end());
  }
  return flags;
}

}  // namespace hlwq::cli
