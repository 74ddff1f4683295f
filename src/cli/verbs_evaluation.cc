// The verbs that measure models.
#include "cli/flags/flags.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kMeasure = "Measure";
constexpr std::string_view kModelHelp = "a checkpoint of any format hlwq reads";

Verb PerplexityVerb() {
  return {
      .name = "perplexity",
      .group = kMeasure,
      .summary = "Measure how well a model predicts a text",
      .description =
          "Reads the text in windows that overlap; each token is scored once, by its probability "
          "after what stands before it in its window. Every window is a sequence of its own. This "
          "is the recipe of the Hugging Face documentation, and transformers finds the same "
          "figures.\n\n"
          "Prints e to the mean of the negative log-likelihoods, and two standard errors: one as "
          "if tokens were independent, one from the means of consecutive blocks, which holds also "
          "for passages that are hard or easy as a whole.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq perplexity Qwen3-1.7B-hlwq -f wiki.test.raw --max-tokens 20000",
                    "The first 20,000 tokens."}},
      .run = RunPerplexity,
  };
}

Verb KldVerb() {
  return {
      .name = "kld",
      .group = kMeasure,
      .summary = "Measure how far a model's predictions are from its original's",
      .description =
          "Takes both models through the same windows of a text (see perplexity), side by side, "
          "and compares their distributions of every next token: the Kullback-Leibler divergence "
          "from the reference in nats, its mean, percentiles and largest value; how often both "
          "find the same token likeliest, and how many of the reference's five likeliest the "
          "model has among its own; how far the probability of the token that does follow is off; "
          "and the ratio of the perplexities with the error of the paired differences, which is "
          "far smaller than that of either.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq kld Qwen3-1.7B-hlwq --reference Qwen3-1.7B -f wiki.test.raw "
                    "--max-tokens 20000 --report kld.html",
                    "What quantizing cost, and a page that shows where."}},
      .run = RunKld,
  };
}

Verb AblateVerb() {
  return {
      .name = "ablate",
      .group = kMeasure,
      .summary = "Find out which step of a codec gains what, on a model and a text",
      .description =
          "Codes the projections of the decoder layers in fifteen ways: HLWQ with one step after "
          "the other, plain integers of groups, INT4 from the source, INT4 from HLWQ codes, INT4 "
          "of rotated weights, and three formats of ggml. All of them go through the text side by "
          "side with the model itself (see kld), held in memory with float32 weights.\n\n"
          "Prints for each the error of the weights, the bits that one takes, perplexity and "
          "divergence; then what each step gains, paired on the same tokens, in standard errors: "
          "real where it is more than two of them, from blocks of tokens. A share tells how much "
          "of a gain one step alone would make.\n\n"
          "Ctrl-C ends it after the window in work, with the figures of the tokens so far.",
      .operands = {{"SRC", "a checkpoint with float weights"}},
      .examples = {{"hlwq ablate SmolLM2 -f wiki.test.raw --max-tokens 20000 --report page.html",
                    "All methods."},
                   {"hlwq ablate SmolLM2 -f wiki.test.raw --methods 'int4-*,cascade'",
                    "Is quantizing twice better than once?"}},
      .run = RunAblate,
  };
}

Verb LogitsVerb() {
  return {
      .name = "logits",
      .group = kMeasure,
      .summary = "Compute the logits of given tokens, for comparing engines",
      .description =
          "Takes each list of token ids as a sequence of its own and writes the logits after every "
          "token to a safetensors file, on request with the hidden states between the layers. "
          "Without -o it prints the five likeliest tokens after each sequence.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq logits Qwen3-1.7B --ids ids.json -o out.safetensors --hidden",
                    "Everything."},
                   {"hlwq logits Qwen3-1.7B --ids ids.json --json --step",
                    "The likeliest next tokens, one token at a time."}},
      .run = RunLogits,
  };
}

Verb BenchVerb() {
  return {
      .name = "bench",
      .group = kMeasure,
      .summary = "Measure tokens per second, beside how fast this machine reads memory",
      .description =
          "Takes a prompt as a whole, then tokens one at a time, and reads a gibibyte of memory "
          "and does nothing with it: this in turn, for each number of threads, several times over. "
          "Decoding has to read all weights for every token, so the plain read is its limit; how "
          "much of it is reached stands beside every figure (a model that caches hold may exceed "
          "it). Also: the time to load the model and to the first token, and the memory that is "
          "resident after some decoding.\n\n"
          "Figures of different runs differ with what else the machine does; those of one run "
          "compare.",
      .operands = {{"DIR", kModelHelp}},
      .examples = {{"hlwq bench Qwen3-1.7B-hlwq -p 512 -n 128 -t 1,2", "With one and two threads."},
                   {"hlwq bench Qwen3-1.7B-hlwq --md >> NOTES.md", "A table for notes."}},
      .run = RunBench,
  };
}

Verb CacheSimVerb() {
  return {
      .name = "cache-sim",
      .group = kMeasure,
      .summary = "Find out what an expert cache would do for a recorded routing",
      .description =
          "Replays which experts each layer asked for against every eviction policy of the expert "
          "cache and against the optimum, in which what is needed again last makes room (Belady). "
          "Sizes are slots for each layer: of its own, and as one pool of as many for all layers. "
          "Hits are counted as the cache of a running model counts them, without prefetch.\n\n"
          "A trace holds for the model and the text it was recorded with. Random weights do not "
          "route like trained ones.",
      .operands = {{"TRACE", "a file of JSON lines, as recorded by a run"}},
      .examples = {{"hlwq cache-sim trace.jsonl --sizes 2,4,8,16 --report page.html",
                    "Four sizes, and a picture."}},
      .run = RunCacheSim,
  };
}

}  // namespace

std::vector<Verb> EvaluationVerbs() {
  return {PerplexityVerb(), KldVerb(), AblateVerb(), LogitsVerb(), BenchVerb(), CacheSimVerb()};
}

}  // namespace hlwq::cli
