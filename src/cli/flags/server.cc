// The flags of serve.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {

std::vector<Flag> ServerFlags() {
  return {
      {.id = flag::kHost,
       .value_name = "ADDRESS",
       .category = Category::kRun,
       .verbs = {"serve"},
       .default_value = "127.0.0.1",
       .summary = "Where to listen; 0.0.0.0 is every network of this machine",
       .details = "Whoever can reach it may use it, unless there are --api-key."},
      {.id = flag::kPort,
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"serve"},
       .default_value = "8080",
       .minimum = 0,
       .maximum = 65535,
       .summary = "The port to listen at; 0 takes one that is free"},
      {.id = flag::kParallel,
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"serve"},
       .default_value = "8",
       .minimum = 1,
       .maximum = 256,
       .summary = "Answers to make at the same time; other requests wait"},
      {.id = flag::kModelsDir,
       .value_name = "FOLDER",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "Serve every model in this folder, as DIR would that is one"},
      {.id = flag::kModelsMax,
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"serve"},
       .default_value = "2",
       .minimum = 1,
       .maximum = 1000,
       .summary = "Of several models, as many to have open at the same time",
       .details = "They share the memory: each gets that part of --cache-ram, and of what experts "
                  "may take."},
      {.id = flag::kModelsMemory,
       .value_name = "SIZE",
       .category = Category::kRun,
       .verbs = {"serve"},
       .minimum = 0,
       .maximum = 1e15,
       .summary = "Memory for all open models together, such as 24G",
       .details = "Of each count its weights, or the cache of its experts, its workspace, and what "
                  "its conversations hold, at least what one of 4096 tokens takes. What would "
                  "exceed it closes the model that is unused for the longest time; one model alone "
                  "may take more. Without this flag what is free when the server starts, of the "
                  "machine or of the control group."},
      {.id = flag::kTimeout,
       .value_name = "SECONDS",
       .category = Category::kRun,
       .verbs = {"serve"},
       .minimum = 0.001,
       .maximum = 1e9,
       .summary = "End an answer that takes longer, from the request on, with an error"},
      {.id = flag::kCacheRam,
       .value_name = "SIZE",
       .category = Category::kRun,
       .verbs = {"serve"},
       .minimum = 0,
       .maximum = 1e15,
       .summary = "Memory for what earlier prompts left, such as 4G",
       .details = "A prompt that begins as an earlier one costs its new part only. Without this "
                  "flag a quarter of the free memory, at most 8 GiB. The least recently used goes "
                  "first."},
      {.id = flag::kExact,
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "Let no bit of an answer depend on what was computed before",
       .details =
           "A prompt that holds an earlier answer then reads that once more, instead of taking "
           "over what the model remembers of writing it, which differs in the last bits."},
      {.id = flag::kAlias,
       .value_name = "NAME",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "What the API calls the model; the name of its folder when not given"},
      {.id = flag::kApiKey,
       .value_name = "KEY",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "A key that every request but /health must bring; may be repeated",
       .details = "Other users of this machine can see it in the list of processes: "
                  "--api-key-file hides it."},
      {.id = flag::kApiKeyFile,
       .value_name = "FILE",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "A file of such keys, one a line"},
      {.id = flag::kCors,
       .value_name = "ORIGIN",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "A web page that may call, such as https://chat.example, or *; may be repeated"},
      {.id = flag::kAllowHost,
       .value_name = "NAME",
       .category = Category::kRun,
       .verbs = {"serve"},
       .summary = "A name of this machine besides localhost; may be repeated",
       .details = "Where the server listens to this machine only, it answers to no other name: a "
                  "web page whose name was made to lead here must not reach it."},
  };
}

}  // namespace hlwq::cli
