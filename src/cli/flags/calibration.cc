// The flags of calibrating, for quantize and for export to CompressedTensors.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

std::vector<Flag> FlagsFor(std::string_view verb, FlagValue only_with) {
  return {
      {.id = flag::kCalibrate,
       .value_name = "self|TEXT",
       .category = Category::kCoding,
       .verbs = {verb},
       .choices = {{"self", "text that the model writes itself: no data is needed"}},
       .only_with = only_with,
       .summary = "Let later columns make good what earlier ones lose, by text that runs through",
       .details =
           "Each matrix is coded for the inputs it will see: what rounding a weight does to its "
           "outputs, the weights after it in its row repair, and what the layers before lose, "
           "later "
           "ones take back in part. At the same size about two thirds of the loss go, half of "
           "that of a mixture; it takes minutes where coding takes seconds. The text is the "
           "model's own, "
           "or that of a file or of a folder of files, or the token ids of an "
           "hlwq_calibration.json. It runs through SRC "
           "layer by layer, which must be a model that this program runs."},
      {.id = flag::kCalibrationTokens,
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = {verb},
       .default_value = "65536",
       .minimum = 32,
       .maximum = 0x1p30,
       .only_with = only_with,
       .summary = "Tokens of that text"},
      {.id = flag::kCalibrationSeed,
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = {verb},
       .default_value = "1",
       .minimum = 0,
       .maximum = 0x1p53,
       .only_with = only_with,
       .summary = "Seed of the text that the model writes"},
  };
}

}  // namespace

std::vector<Flag> CalibrationFlags() {
  std::vector<Flag> flags = FlagsFor("quantize", {});
  const std::vector<Flag> of_export = FlagsFor("export", {"to", "compressed-tensors"});
  flags.insert(flags.end(), of_export.begin(), of_export.end());
  return flags;
}

}  // namespace hlwq::cli
