// The flags that say how the experts of a mixture are held in memory.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

const std::vector<std::string_view> kVerbs = {"generate", "chat",  "perplexity", "kld",
                                              "logits",   "bench", "serve"};

}  // namespace

std::vector<Flag> ExpertFlags() {
  return {
      {.id = flag::kExpertCacheSize,
       .value_name = "N",
       .category = Category::kExperts,
       .verbs = kVerbs,
       .minimum = 1,
       .maximum = 65536,
       .conflicts = {"expert-cache-bytes"},
       .summary = "Keep N experts of each layer in memory, and read the others when wanted",
       .details = "Any number from 1 works and gives the same output to the last bit, also fewer "
                  "than a token wants. Without this flag and --expert-cache-bytes all experts are "
                  "kept when memory allows it, else as many as fit; which of the two is said at "
                  "the start."},
      {.id = flag::kExpertCacheBytes,
       .value_name = "SIZE",
       .category = Category::kExperts,
       .verbs = kVerbs,
       .minimum = 1,
       .maximum = 1e15,
       .conflicts = {"expert-cache-size"},
       .summary = "Keep experts of any layer in so much memory, such as 4G"},
      {.id = flag::kExpertPolicy,
       .value_name = "NAME",
       .category = Category::kExperts,
       .verbs = kVerbs,
       .default_value = "lfru",
       .choices = {{"lru", "the one whose last use is longest ago"},
                   {"lfru", "the one used least often, where old uses count less"},
                   {"least-stale",
                    "the one that missed most turns of its layer; of equals the one whose layer "
                    "comes last"}},
       .summary = "Which expert makes room for the next one",
       .details = "hlwq cache-sim compares them on a recorded trace."},
      {.id = flag::kNoExpertPrefetch,
       .category = Category::kExperts,
       .verbs = kVerbs,
       .summary = "Do not read ahead what the next layer will likely want",
       .details = "Its router is run early, on what the layer before is about to change."},
      {.id = flag::kTraceExperts,
       .value_name = "FILE",
       .category = Category::kExperts,
       .verbs = {"generate", "chat", "serve", "perplexity", "logits", "bench"},
       .summary = "Write which experts every pass wants, for hlwq cache-sim"},
  };
}

}  // namespace hlwq::cli
