// The flags of every verb that runs a model.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {

std::vector<Flag> ModelFlags() {
  return {
      {.id = flag::kThreads,
       .short_name = 't',
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "perplexity", "kld", "ablate", "logits", "serve"},
       .minimum = 1,
       .maximum = 1024,
       .summary = "Threads to work with; all processors when not given",
       .details = "The result does not depend on it."},
      {.id = flag::kCtxSize,
       .short_name = 'c',
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "serve"},
       .minimum = 1,
       .maximum = 1 << 24,
       .summary = "Tokens of context, prompt and answer together",
       .details =
           "Without it as many as the model was made for, at most 4096 (serve: 32768). Memory "
           "is taken as the context fills."},
      {.id = flag::kCacheType,
       .value_name = "TYPE",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "serve"},
       .default_value = "f16",
       .choices = {{"f16", "half precision"},
                   {"bf16", "the range of float, 8 bits of precision"},
                   {"f32", "float: twice the memory and the reading"}},
       .summary = "How the keys and values of earlier tokens are kept"},
      {.id = flag::kInterleave,
       .category = Category::kRun,
       .verbs = {"generate", "chat", "perplexity", "kld", "logits", "bench", "serve"},
       .summary = "Lay out plain hlwq codes anew in memory, for speed",
       .details =
           "Rows are interleaved by 16 when the model is opened, as those of hlwq-t are in files: "
           "faster on processors without AVX-512, and wherever several tokens are computed at "
           "once. Takes a moment, and as much memory as the codes again; the experts of mixtures "
           "stay as they are. Results differ in the last bits."},
  };
}

}  // namespace hlwq::cli
