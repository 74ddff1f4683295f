// The flags of the verbs that make text.
#include "cli/flags/flags.h"
#include "cli/flags/names.h"

namespace hlwq::cli {
namespace {

constexpr double kMostTokens = 1 << 24;

std::vector<Flag> PromptFlags() {
  return {
      {.id = flag::kPrompt,
       .short_name = 'p',
       .value_name = "TEXT",
       .category = Category::kInput,
       .verbs = {"generate"},
       .may_be_empty = true,
       .conflicts = {"file"},
       .summary = "The text to go on from; standard input when neither this nor --file is given"},
      {.id = flag::kFile,
       .short_name = 'f',
       .value_name = "FILE",
       .category = Category::kInput,
       .verbs = {"generate"},
       .conflicts = {"prompt"},
       .summary = "Read the prompt from a file",
       .details = "The newline at the end of a file or of standard input does not count."},
      {.id = flag::kChat,
       .category = Category::kInput,
       .verbs = {"generate"},
       .summary = "Ask the prompt as a user would, by the model's chat template"},
      {.id = flag::kSystem,
       .value_name = "TEXT",
       .category = Category::kInput,
       .verbs = {"generate", "chat"},
       .summary = "What the model is told before the conversation",
       .details = "For generate only with --chat."},
      {.id = flag::kNoThinking,
       .category = Category::kInput,
       .verbs = {"generate", "chat"},
       .summary = "Ask a model that thinks before its answers not to",
       .details = "The template is run with enable_thinking false; not every template heeds it."},
      {.id = flag::kJsonl,
       .category = Category::kInput,
       .verbs = {"tokenize"},
       .conflicts = {"json"},
       .summary = "One text a line, as a JSON string; one list of ids a line"},
      {.id = flag::kDecode,
       .category = Category::kInput,
       .verbs = {"tokenize"},
       .summary = "The inverse: lists of ids in, text out"},
      {.id = flag::kNoSpecial,
       .category = Category::kInput,
       .verbs = {"tokenize"},
       .summary = "Add no special tokens (bos, eos) around a text; with --decode, show none"},
  };
}

std::vector<Flag> AnswerFlags() {
  return {
      {.id = flag::kMaxTokens,
       .short_name = 'n',
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .default_value = "256",
       .minimum = 0,
       .maximum = kMostTokens,
       .summary = "End after this many tokens, if the model does not end before"},
      {.id = flag::kMaxTokens,
       .short_name = 'n',
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"chat"},
       .minimum = 1,
       .maximum = kMostTokens,
       .summary = "End an answer after this many tokens, if the model does not end it before"},
      {.id = flag::kNumAnswers,
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .default_value = "1",
       .minimum = 1,
       .maximum = 10000,
       .summary = "Make this many answers to the one prompt",
       .details =
           "The prompt is read once. The first answer has the given seed, each further one "
           "the next. In plain output a line '=== 2 ===' goes before the second, and so on."},
      {.id = flag::kStop,
       .value_name = "STRING",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .summary = "End before this text would appear"},
      {.id = flag::kIgnoreEos,
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .summary = "Forbid the tokens by which the model ends an answer"},
      {.id = flag::kDraftMax,
       .value_name = "N",
       .category = Category::kRun,
       .verbs = {"generate", "chat", "serve"},
       .default_value = "15",
       .minimum = 0,
       .maximum = 15,
       .summary = "Draft up to so many tokens from what stands in the context, and verify them in "
                  "one pass",
       .details =
           "Answers are the same to the last bit, and several times faster where they repeat "
           "what stands there, such as a file to be edited. 0: never."},
      {.id = flag::kPromptCache,
       .value_name = "FILE",
       .category = Category::kRun,
       .verbs = {"generate", "chat"},
       .summary = "Do not read again what an earlier run has read of the prompt, and leave it to "
                  "the next run",
       .details =
           "What the prompt and the sequence in FILE begin with is taken from there, where FILE "
           "exists, and FILE is "
           "written when the prompt was read, unless it has all of it; of chat the first prompt. "
           "The "
           "answer is the same to the last bit. A file that is damaged, or of another model or "
           "--kv, is an error and stays as it is. Where FILE cannot be written, the answer is "
           "given and the exit code "
           "is 2."},
      {.id = flag::kPromptCacheAll,
       .category = Category::kRun,
       .verbs = {"generate"},
       .conflicts = {"prompt-cache-ro"},
       .summary = "Of --prompt-cache: save and take what was generated as well",
       .details =
           "For prompts that go on with the answer before. The last bits are those of a run that "
           "went on, not those of reading the text."},
      {.id = flag::kPromptCacheRo,
       .category = Category::kRun,
       .verbs = {"generate", "chat"},
       .summary = "Of --prompt-cache: only read FILE, which must be there"},
      {.id = flag::kGrammar,
       .value_name = "RULES",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .conflicts = {"grammar-file", "json-schema", "json-schema-file", "ignore-eos"},
       .summary = "Have the answer follow a grammar in llama.cpp's form (GBNF), from its rule root",
       .details = "What the model thinks before it answers is free."},
      {.id = flag::kGrammarFile,
       .value_name = "FILE",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .conflicts = {"grammar", "json-schema", "json-schema-file", "ignore-eos"},
       .summary = "Read the grammar from a file"},
      {.id = flag::kJsonSchema,
       .short_name = 'j',
       .value_name = "SCHEMA",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .conflicts = {"grammar", "grammar-file", "json-schema-file", "ignore-eos"},
       .summary = "Have the answer be JSON that a schema accepts; {} accepts all"},
      {.id = flag::kJsonSchemaFile,
       .value_name = "FILE",
       .category = Category::kSampling,
       .verbs = {"generate"},
       .conflicts = {"grammar", "grammar-file", "json-schema", "ignore-eos"},
       .summary = "Read the schema from a file"},
  };
}

std::vector<Flag> SamplingFlags() {
  return {
      {.id = flag::kTemperature,
       .value_name = "X",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = 100,
       .summary = "How freely tokens are chosen; 0 takes the likeliest",
       .details = "Without it what the model's generation_config.json says, else 0.8. The filters "
                  "below come first, in the order typical, top-p, min-p after top-k."},
      {.id = flag::kTopK,
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = kMostTokens,
       .summary = "Choose among the N likeliest tokens; 0: all",
       .details = "Without it as generation_config.json says, else 40."},
      {.id = flag::kTopP,
       .value_name = "P",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = 1,
       .summary = "Choose among the likeliest tokens that have this probability together",
       .details = "Without it as generation_config.json says, else 0.95."},
      {.id = flag::kMinP,
       .value_name = "P",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = 1,
       .summary = "Choose among tokens at least P times as likely as the likeliest",
       .details = "Without it as generation_config.json says, else 0.05."},
      {.id = flag::kTypical,
       .value_name = "P",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = 1,
       .summary = "Choose among the tokens of this probability that surprise as expected; 1: all",
       .details = "Without it as generation_config.json says, else 1."},
      {.id = flag::kRepeatPenalty,
       .value_name = "X",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0.01,
       .maximum = 100,
       .summary = "Divide positive logits of recent tokens by this, multiply negative ones",
       .details = "Without it as generation_config.json says, else 1: no penalty."},
      {.id = flag::kPresencePenalty,
       .value_name = "X",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .default_value = "0",
       .minimum = -100,
       .maximum = 100,
       .summary = "Take this off the logits of recent tokens"},
      {.id = flag::kFrequencyPenalty,
       .value_name = "X",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .default_value = "0",
       .minimum = -100,
       .maximum = 100,
       .summary = "Take this off for each time a recent token occurred"},
      {.id = flag::kRepeatLastN,
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .default_value = "64",
       .minimum = -1,
       .maximum = kMostTokens,
       .summary = "How many tokens count as recent; -1: all"},
      {.id = flag::kLogitBias,
       .value_name = "ID=X",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .summary = "Add X to the logit of a token; -inf forbids it"},
      {.id = flag::kSeed,
       .value_name = "N",
       .category = Category::kSampling,
       .verbs = {"generate", "chat"},
       .minimum = 0,
       .maximum = 0x1p53,
       .summary = "Seed of the choices; a random one when not given",
       .details = "The same model, prompt, flags and seed give the same answer on the same kind of "
                  "processor, for every number of threads."},
  };
}

}  // namespace

std::vector<Flag> GenerationFlags() {
  std::vector<Flag> flags;
  for (auto&& group : {PromptFlags(), AnswerFlags(), SamplingFlags()}) {
    flags.insert(flags.end(), group.begin(), group.end());
  }
  return flags;
}

}  // namespace hlwq::cli
