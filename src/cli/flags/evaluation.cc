// The flags of the verbs that measure models.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

std::vector<Flag> TextFlags() {
  return {
      {.id = flag::kFile,
       .short_name = 'f',
       .value_name = "TEXT",
       .category = Category::kInput,
       .verbs = {"perplexity", "kld", "ablate"},
       .summary = "The text, a UTF-8 file",
       .details = "It is encoded as a whole, with what the tokenizer puts around a text."},
      {.id = flag::kReference,
       .value_name = "DIR2",
       .category = Category::kInput,
       .verbs = {"kld"},
       .summary = "The model that DIR is measured against: what it was made from",
       .details =
           "Its tokenizer encodes the text, or that of DIR where it has none. DIR itself where "
           "--reference-kv is given."},
      {.id = flag::kReferenceKv,
       .value_name = "FORMAT",
       .category = Category::kInput,
       .verbs = {"kld"},
       .default_value = "f32",
       .summary = "How the reference keeps keys and values, as --kv; without --reference what --kv "
                  "loses in one model is measured"},
      {.id = flag::kWindow,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"perplexity", "kld", "ablate"},
       .default_value = "2048",
       .minimum = 2,
       .maximum = 1 << 24,
       .summary = "Tokens that the model sees at once",
       .details = "More than the model was made for is computed all the same, with a note."},
      {.id = flag::kStride,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"perplexity", "kld", "ablate"},
       .default_value = "512",
       .minimum = 1,
       .maximum = 1 << 24,
       .summary = "Tokens from the start of one window to that of the next",
       .details = "At most the window, which also bounds it when it is not given. Each token is "
                  "scored once, with at least window - stride tokens before it, those at the "
                  "start of the text aside. A smaller stride takes longer and finds a lower "
                  "perplexity; figures compare at equal window and stride only."},
      {.id = flag::kMaxTokens,
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"perplexity", "kld", "ablate"},
       .minimum = 2,
       .maximum = 0x1p31,
       .summary = "Take only the first N tokens of the text"},
      {.id = flag::kReport,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = {"kld"},
       .summary = "Also write a page that shows where the two differ",
       .details = "One self-contained HTML file: how the divergences are distributed, how they go "
                  "with the reference's uncertainty and along the text, the worst tokens."},
  };
}

std::vector<Flag> AblateFlags() {
  return {
      {.id = flag::kBits,
       .short_name = 'b',
       .value_name = "N",
       .category = Category::kCoding,
       .verbs = {"ablate"},
       .default_value = "5",
       .minimum = 2,
       .maximum = 6,
       .summary = "Bits of the methods that do not name their own"},
      {.id = flag::kMethods,
       .value_name = "GLOB,GLOB,...",
       .category = Category::kSelection,
       .verbs = {"ablate"},
       .summary = "Only the methods of these names: 'hlwq-*,int4-mse'; all when not given",
       .details = "absmax-row, absmax-group, rotation-absmax, lloyd-max, hlwq-published, "
                  "hlwq-converged, hlwq-search, hlwq-t, int4-absmax, int4-mse, cascade, "
                  "int4-rotated, q4_0, q5_0, q8_0. Each takes 4 bytes of memory for every weight."},
      {.id = flag::kReport,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = {"ablate"},
       .summary = "Also write a page with the table and a picture",
       .details = "One self-contained HTML file: quality against size, and which differences are "
                  "real."},
  };
}

std::vector<Flag> LogitsFlags() {
  return {
      {.id = flag::kIds,
       .value_name = "IDS.json",
       .category = Category::kInput,
       .verbs = {"logits"},
       .summary = "The tokens: a JSON list of lists of ids, of equal lengths"},
      {.id = flag::kStep,
       .category = Category::kInput,
       .verbs = {"logits"},
       .summary = "Take one token at a time, as when generating"},
      {.id = flag::kOutput,
       .short_name = 'o',
       .value_name = "OUT.safetensors",
       .category = Category::kOutput,
       .verbs = {"logits"},
       .summary = "Write the logits there: 'logits', F32 [sequence, token, vocabulary]",
       .details =
           "Written as they are computed, with no memory of their own; the file appears when "
           "it is whole."},
      {.id = flag::kHidden,
       .category = Category::kOutput,
       .verbs = {"logits"},
       .summary = "Also write the hidden states, F32 [sequence, token, hidden]",
       .details = "'hidden_0' is the embedding, 'hidden_<i>' what layer i left, 'hidden_norm' the "
                  "last one normed, from which the logits come."},
  };
}

std::vector<Flag> BenchFlags() {
  return {
      {.id = flag::kPromptTokens,
       .short_name = 'p',
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"bench"},
       .default_value = "512",
       .minimum = 0,
       .maximum = 1 << 20,
       .summary = "Tokens of a prompt, taken together; 0 leaves this out"},
      {.id = flag::kDecodeTokens,
       .short_name = 'n',
       .value_name = "N",
       .category = Category::kInput,
       .verbs = {"bench"},
       .default_value = "128",
       .minimum = 0,
       .maximum = 1 << 20,
       .summary = "Tokens taken one at a time, from an empty context; 0 leaves this out"},
      {.id = flag::kBatch,
       .short_name = 'B',
       .value_name = "LIST",
       .category = Category::kInput,
       .verbs = {"bench"},
       .summary = "Numbers of sequences to decode at once",
       .details =
           "Measures, for each number, passes that take one token of each of so many sequences, "
           "beside the two limits: the bandwidth of memory, which bounds one sequence, and the "
           "speed of a prompt, where arithmetic bounds. For example "
           "--batch 1,2,4,8,16."},
      {.id = flag::kDepth,
       .short_name = 'd',
       .value_name = "LIST",
       .category = Category::kInput,
       .verbs = {"bench"},
       .summary = "Also measure after so many tokens: 4096,16384,32768",
       .details =
           "A sequence is filled once, with all threads; the prompt and the single tokens come "
           "after it."},
      {.id = flag::kCsv,
       .category = Category::kOutput,
       .verbs = {"bench"},
       .conflicts = {"json", "md"},
       .summary = "Print comma-separated values"},
      {.id = flag::kMd,
       .category = Category::kOutput,
       .verbs = {"bench"},
       .conflicts = {"json"},
       .summary = "Print a Markdown table"},
      {.id = flag::kThreadCounts,
       .short_name = 't',
       .value_name = "N,N,...",
       .category = Category::kRun,
       .verbs = {"bench"},
       .summary = "Numbers of threads to measure with; one and all processors when not given"},
      {.id = flag::kRepetitions,
       .short_name = 'r',
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"bench"},
       .default_value = "5",
       .minimum = 1,
       .maximum = 1000,
       .summary = "How often each is measured"},
  };
}

std::vector<Flag> CacheSimFlags() {
  return {
      {.id = flag::kSizes,
       .value_name = "N,N,...",
       .category = Category::kInput,
       .verbs = {"cache-sim"},
       .summary = "Slots for each layer; when not given 1, 2, 3, 4, 6, 8, 12 and so on to all"},
      {.id = flag::kReport,
       .value_name = "FILE.html",
       .category = Category::kOutput,
       .verbs = {"cache-sim"},
       .summary = "Also write a page with the hit rates against memory, drawn",
       .details = "One self-contained HTML file."},
  };
}

}  // namespace

std::vector<Flag> EvaluationFlags() {
  std::vector<Flag> flags;
  for (std::vector<Flag> group :
       {TextFlags(), AblateFlags(), LogitsFlags(), BenchFlags(), CacheSimFlags()}) {
    flags.insert(flags.end(), std::make_move_iterator(group.begin()),
                 std::make_move_iterator(group.end()));
  }
  return flags;
}

}  // namespace hlwq::cli
