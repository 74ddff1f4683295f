// The flags of every verb that runs a model.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kKvDetails =
    "f16, bf16 or f32; or coded with 2, 3, 4, 8 or 16 bits (16: f16), k for keys and v for values: "
    "k8v4, k4v4, k4v3. Keys lose more than values. The newest and the first 64 tokens stay f16.";

}  // namespace

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
      {.id = flag::kKv,
       .value_name = "FORMAT",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "serve", "bench", "plan"},
       .default_value = "f16",
       .summary = "How the keys and values of earlier tokens are kept",
       .details = kKvDetails},
      {.id = flag::kKv,
       .value_name = "FORMAT",
       .category = Category::kRun,
       .verbs = {"perplexity", "kld", "ablate", "logits"},
       .default_value = "f32",
       .summary = "How the keys and values of earlier tokens are kept; f32 measures nothing but "
                  "the weights",
       .details = kKvDetails},
      {.id = flag::kKvLayers,
       .value_name = "LIST",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "serve", "bench", "plan", "perplexity", "kld", "ablate",
                 "logits"},
       .summary = "Other bits of keys and values for some layers: 0-1=k8v8,-2--1=k4v8",
       .details =
           "Layers count from 0, or from the end as -1, -2 and so on. Later parts count more."},
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
