// Every flag of hlwq. Order within a category is the order of the help.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

constexpr double kNoLimit = 0x1p62;

std::vector<Flag> CodingFlags() {
  return {
      {.id = flag::kCodec,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan", "synth"},
       .default_value = "hlwq-t",
       .choices = {{"hlwq-t", "2 to 6 bits, the least error for its size"},
                   {"hlwq", "1 to 8 bits, about half again as much error; what other tools read"}},
       .summary = "How weights become codes",
       .details = "Tools that read polar_state know the codec hlwq only."},
      {.id = flag::kBits,
       .short_name = 'b',
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan", "synth"},
       .default_value = "5",
       .minimum = 1,
       .maximum = 8,
       .summary = "How small: about N bits for each weight",
       .details =
           "6 to 2, or 8 to 1 with --codec hlwq. The files of SmolLM2-135M shrink to, and its "
           "predictions differ from the original's by (KL divergence, nats a token): 42 % and "
           "0.014 "
           "at 6 bits, 36 % and 0.034 at 5, 29 % and 0.13 at 4, 23 % and 0.67 at 3. hlwq kld "
           "measures that of any model. A recipe file that names bits for a tensor wins over this "
           "flag."},
      {.id = flag::kRecipe,
       .short_name = 'r',
       .value_name = "NAME|FILE",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan", "synth"},
       .default_value = "balanced",
       .choices = {{"balanced",
                    "every matrix, embedding and head too; more bits where they tell most"},
                   {"published", "N bits for the projections; embedding and head stay as they are"},
                   {"uniform", "N bits for every matrix; a tied embedding stays as it is"},
                   {"mixed", "gate and up 3 bits, down 4, q/k/v 5, o 6, embeddings 5, lm_head 6"}},
       .summary = "Which tensors are coded, and with how many bits",
       .details = "A name, or a JSON file of roles and globs to bits (docs/recipes.md). "
                  "Norms, routers, gates, biases and everything below two dimensions always keep "
                  "their source dtype."},
      {.id = flag::kTable,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .default_value = "lloyd-max",
       .choices = {{"lloyd-max", "the optimal levels for a Gaussian"},
                   {"polarquant-v1", "the published tools' levels: 100 rounds, ends fixed at 4"},
                   {"polarquant-v1-inf", "the same with the ends at infinity"}},
       .only_with = {"codec", "hlwq"},
       .implies = {{"codec", "hlwq"}},
       .summary = "The levels that codes stand for",
       .details =
           "The published levels are not converged: 16 % more squared error at 5 bits, twice "
           "as much at 8."},
      {.id = flag::kScale,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .default_value = "search",
       .choices = {{"search", "the multiplier with the least squared error, searched"},
                   {"norm", "the block's norm, as published"}},
       .only_with = {"codec", "hlwq"},
       .implies = {{"codec", "hlwq"}},
       .summary = "How the multiplier of a block is chosen",
       .details =
           "The decoder only multiplies, so every reader profits: at 5 bits the search gains "
           "1.1 dB at the same size."},
      {.id = flag::kEffort,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan", "synth"},
       .default_value = "default",
       .choices = {{"fast", "one multiplier"},
                   {"default", "the best of 7 multipliers"},
                   {"best", "the best of 21"}},
       .only_with = {"codec", "hlwq-t"},
       .summary = "How long to search for the codes",
       .details = "Size and speed of what is written do not depend on it."},
      {.id = flag::kCompat,
       .value_name = "NAME",
       .category = Category::kCoding,
       .verbs = {"quantize", "plan"},
       .choices = {{"polarquant-v1", "its table, the norm as multiplier"}},
       .conflicts = {"table", "scale"},
       .only_with = {"codec", "hlwq"},
       .implies = {{"codec", "hlwq"}, {"recipe", "published"}},
       .summary = "Code exactly as a published tool does",
       .details =
           "For comparisons; what is written then decodes to the same values in that tool. Codes "
           "what that tool codes, unless --recipe says otherwise."},
      {.id = flag::kNonfinite,
       .value_name = "RULE",
       .category = Category::kCoding,
       .verbs = {"quantize"},
       .default_value = "error",
       .choices = {{"error", "stop, and name the tensor and the position"},
                   {"keep", "leave that tensor in its source dtype"}},
       .summary = "What to do about NaN, infinity, and blocks too large for the codec"},
  };
}

std::vector<Flag> SelectionFlags() {
  return {
      {.id = flag::kTargetBpw,
       .value_name = "X",
       .category = Category::kSelection,
       .verbs = {"quantize"},
       .minimum = 1,
       .maximum = 16,
       .conflicts = {"recipe", "bits", "include", "embeddings", "lm-head"},
       .summary = "Choose the bits of every matrix: at most X bits per weight in all",
       .details =
           "All matrices share one budget, embedding and head included, multipliers and padding "
           "counted. Each is measured at 2 to 6 bits (--codec hlwq: to 8), all experts of a "
           "layer and role together, and bits go where they save most. The widths are printed "
           "and kept beside the result as hlwq_recipe.json, a recipe to edit and use again. With "
           "--calibrate, each is measured as it is coded then, and a few percent less is lost than "
           "with one width."},
      {.id = flag::kSensitivity,
       .value_name = "NAME",
       .category = Category::kSelection,
       .verbs = {"quantize"},
       .default_value = "divergence",
       .choices = {{"divergence", "how much the model's predictions change when a matrix is coded"},
                   {"residual", "what its layer adds to the residual stream"},
                   {"uniform", "every weight counts alike; the model is not run"}},
       .summary = "What an error in a matrix costs, for --target-bpw",
       .details = "No data is needed: the model is run on random tokens that it continues itself. "
                  "divergence takes 256 of them, 128 for models with experts, through all layers "
                  "after each matrix, and reads the weights once, whatever their size."},
      {.id = flag::kSaveRecipe,
       .value_name = "FILE.json",
       .category = Category::kSelection,
       .verbs = {"quantize"},
       .summary = "Also write the recipe of --target-bpw to this file; with --dry-run only it"},
      {.id = flag::kInclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .summary = "Code tensors whose name matches as well, where they can be",
       .details = "* stands for any text, ? for one character, [a-z] for one of a set, as in "
                  "'model.layers.0.*'. --exclude wins over --include."},
      {.id = flag::kExclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .summary = "Carry tensors whose name matches over as they are"},
      {.id = flag::kEmbeddings,
       .value_name = "N",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .minimum = 0,
       .maximum = 8,
       .summary = "Bits for the token embeddings; 0 carries them over",
       .details = "Without it the recipe decides."},
      {.id = flag::kLmHead,
       .value_name = "N",
       .category = Category::kSelection,
       .verbs = {"quantize", "plan"},
       .minimum = 0,
       .maximum = 8,
       .summary = "Bits for the output matrix; 0 carries it over",
       .details = "Without it the recipe decides."},
      {.id = flag::kInclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"compare"},
       .summary = "Compare only tensors whose name matches"},
      {.id = flag::kExclude,
       .value_name = "GLOB",
       .category = Category::kSelection,
       .verbs = {"compare"},
       .summary = "Leave tensors whose name matches out"},
      {.id = flag::kTensor,
       .value_name = "NAME",
       .category = Category::kSelection,
       .verbs = {"inspect"},
       .summary = "Show everything about one tensor"},
      {.id = flag::kMinSnr,
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
      {.id = flag::kDtype,
       .value_name = "TYPE",
       .category = Category::kOutput,
       .verbs = {"dequantize", "import"},
       .choices = {{"bf16", "bfloat16"}, {"f16", "half precision"}, {"f32", "single precision"}},
       .summary = "Element type of the weights that are decoded",
       .details = "Without it they get the type of the model they came from, where that is known, "
                  "else the one their format stands for. What is stored plain stays as it is."},
      {.id = flag::kRotation,
       .value_name = "WHERE",
       .category = Category::kOutput,
       .verbs = {"dequantize", "import"},
       .default_value = "none",
       .choices = {{"none", "the weights as they are"},
                   {"folded", "another basis of the residual stream, the same logits"}},
       .summary = "Fold a rotation into the weights",
       .details =
           "For quantizers that do not rotate: outliers are spread over blocks of up to 128, "
           "and every engine runs the result as it is."},
      {.id = flag::kFormat,
       .value_name = "NAME",
       .category = Category::kOutput,
       .verbs = {"synth"},
       .default_value = "bf16",
       .choices = {{"bf16", "a plain checkpoint"}, {"polar_state", "a quantized one"}},
       .summary = "What kind of checkpoint to write"},
      {.id = flag::kMaxShardSize,
       .value_name = "SIZE",
       .category = Category::kOutput,
       .verbs = {"quantize", "plan", "dequantize", "import", "export", "synth"},
       .default_value = "5GB",
       .minimum = 1 << 20,
       .maximum = kNoLimit,
       .summary = "Begin a new file before one grows beyond this",
       .details = "5GB is 5 * 10^9 bytes, 5GiB is 5 * 2^30. A single tensor may be larger."},
      {.id = flag::kReport,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = {"quantize", "compare"},
       .summary = "Also write a page that shows what was lost, tensor by tensor",
       .details = "One self-contained HTML file: signal to noise by layer and role, the worst "
                  "tensors, the distribution of the rotated weights, sizes."},
      {.id = flag::kExpertCacheSize,
       .value_name = "N",
       .category = Category::kExperts,
       .verbs = {"plan"},
       .minimum = 1,
       .maximum = 65536,
       .conflicts = {"expert-cache-bytes"},
       .summary = "Tell the memory of a run with N experts of each layer in memory",
       .details = "Without it, of models with experts, a table of several N."},
      {.id = flag::kExpertCacheBytes,
       .value_name = "SIZE",
       .category = Category::kExperts,
       .verbs = {"plan"},
       .minimum = 1,
       .maximum = kNoLimit,
       .summary = "Tell the memory of a run with as many experts, of any layers, as fit in SIZE"},
      {.id = flag::kOverwrite,
       .category = Category::kOutput,
       .verbs = {"quantize", "dequantize", "import", "export", "synth"},
       .summary = "Replace a DST that exists",
       .details = "Without it an existing DST is refused."},
      {.id = flag::kSeed,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"synth"},
       .default_value = "0",
       .minimum = 0,
       .maximum = 0x1p53,
       .summary = "Seed of the random weights"},
      {.id = flag::kLayers,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"synth"},
       .minimum = 1,
       .maximum = 10000,
       .summary = "Make only the first N decoder layers"},
      {.id = flag::kZipf,
       .value_name = "S",
       .category = Category::kInput,
       .verbs = {"synth"},
       .minimum = 0.01,
       .maximum = 8,
       .summary = "Skew the routers: experts are chosen in proportion to rank^-S",
       .details =
           "Random routers want all experts alike, and an expert cache gains little. With "
           "S = 1 the tenth of the experts that a layer likes best gets more than half of the "
           "choices. Which they are is random in every layer, and each token still chooses "
           "for itself. Trained models route in neither way: what caching gains for one "
           "of them, only a trace of that one tells."},
  };
}

std::vector<Flag> RunFlags() {
  return {
      {.id = flag::kResume,
       .category = Category::kRun,
       .verbs = {"quantize", "dequantize", "import", "export", "synth"},
       .conflicts = {"overwrite"},
       .summary = "Go on where an interrupted run of the same job stopped",
       .details = "The result has the same bytes as that of an undisturbed run. A source that "
                  "changed in between is refused."},
      {.id = flag::kDryRun,
       .short_name = 'n',
       .category = Category::kRun,
       .verbs = {"quantize", "export"},
       .summary = "Check everything, say what would be done, write nothing"},
      {.id = flag::kThreads,
       .short_name = 'j',
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"quantize", "dequantize", "import", "export", "plan", "compare", "verify", "synth",
                 "cache-sim"},
       .minimum = 1,
       .maximum = 1024,
       .summary = "Threads to work with; all processors when not given",
       .details = "The result does not depend on it."},
      {.id = flag::kCompletions,
       .value_name = "SHELL",
       .category = Category::kOutput,
       .verbs = {"help"},
       .choices = {{"bash", "a script to source, or for bash-completion"},
                   {"zsh", "a file _hlwq for a folder of $fpath"},
                   {"fish", "a file hlwq.fish for the completions folder"}},
       .conflicts = {"man"},
       .summary = "Print the completions of a shell"},
      {.id = flag::kMan,
       .category = Category::kOutput,
       .verbs = {"help"},
       .summary = "Print the man page, as roff source"},
  };
}

std::vector<Flag> GeneralFlags() {
  return {
      {.id = flag::kQuiet,
       .short_name = 'q',
       .category = Category::kGeneral,
       .summary = "No progress, no notes, no summary; only data and errors"},
      {.id = flag::kJson,
       .category = Category::kGeneral,
       .summary = "Print the result, or the error, as one JSON document on stdout"},
      {.id = flag::kHelp,
       .short_name = 'h',
       .category = Category::kGeneral,
       .summary = "Explain the verb: -h in short, --help in full"},
      {.id = flag::kVersion,
       .short_name = 'V',
       .category = Category::kGeneral,
       .summary = "Print the version"},
  };
}

}  // namespace

std::vector<Flag> HlwqFlags() {
  std::vector<Flag> flags;
  for (auto&& group : {CodingFlags(), CalibrationFlags(), ExportFlags(), SelectionFlags(),
                       OutputFlags(), RunFlags(), HubFlags(), ModelFlags(), ExpertFlags(),
                       GenerationFlags(), ServerFlags(), EvaluationFlags(), GeneralFlags()}) {
    flags.insert(flags.end(), group.begin(), group.end());
  }
  return flags;
}

}  // namespace hlwq::cli
