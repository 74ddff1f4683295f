// Every verb of hlwq, in the order of the overview.
#include "cli/flags/flags.h"
#include "cli/verbs.h"

namespace hlwq::cli {
namespace {

constexpr std::string_view kMake = "Make checkpoints";
constexpr std::string_view kLook = "Look at checkpoints";
constexpr std::string_view kOther = "Other";

constexpr std::string_view kSourceHelp =
    "a Hugging Face checkpoint: its folder, a single .safetensors or .gguf file, or hf:ORG/NAME";

Verb QuantizeVerb() {
  return {
      .name = "quantize",
      .group = kMake,
      .summary = "Make a checkpoint about three times smaller",
      .description =
          "Reads SRC, codes its weight matrices, carries everything else over byte for byte, and "
          "writes a polar_state checkpoint to the folder DST: safetensors files, "
          "polar_config.json, and the model's config, tokenizer and template. Without flags it "
          "becomes about a third as large as 16-bit weights; --bits says how small, --recipe and "
          "--codec how else.\n\n"
          "Memory stays below 512 MiB whatever the size of the model. The result has the same "
          "bytes on every processor and for every number of threads. A job that was killed goes on "
          "with --resume; until it is complete, DST does not look like a checkpoint.\n\n"
          "hf:ORG/NAME[@REVISION] names a repository of the Hugging Face Hub, here and wherever a "
          "verb takes a checkpoint. It is read from the cache that hlwq download fills; where it "
          "is "
          "not there, as it streams through, and the source takes no room on the disk.",
      .operands = {{"SRC", kSourceHelp}, {"DST", "the folder to make"}},
      .examples = {{"hlwq quantize Qwen3-1.7B Qwen3-1.7B-hlwq --report report.html",
                    "A third of the size, and a page that shows what was lost."},
                   {"hlwq quantize hf:Qwen/Qwen3-1.7B Qwen3-1.7B-hlwq",
                    "Straight from the Hub, the source stored nowhere."},
                   {"hlwq quantize Qwen3-1.7B small --bits 4 --exclude '*.down_proj.weight'",
                    "4 bits, the down projections kept in 16."},
                   {"hlwq quantize Qwen3-1.7B v1 --compat polarquant-v1",
                    "As the published tool writes it."}},
      .run = RunQuantize,
  };
}

Verb DequantizeVerb() {
  return {
      .name = "dequantize",
      .group = kMake,
      .summary = "Turn a quantized checkpoint back into a plain one",
      .description =
          "Decodes SRC into the layout of the model it was made from: names as they were, experts "
          "fused again, padding cut off. transformers loads the result. Reads every published "
          "variant of polar_state and the two older .codes formats as well.",
      .operands = {{"SRC", "a quantized checkpoint"}, {"DST", "the folder to make"}},
      .examples = {{"hlwq dequantize Qwen3-1.7B-hlwq Qwen3-1.7B-restored --dtype f16",
                    "Half precision instead of bfloat16."}},
      .run = RunDequantize,
  };
}

Verb ImportVerb() {
  return {
      .name = "import",
      .group = kMake,
      .summary = "Make a Hugging Face checkpoint from a GGUF file",
      .description =
          "Decodes the tensors of a GGUF file (v2, v3; F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, "
          "Q8_0, Q4_K, Q5_K, Q6_K; architectures llama, qwen2, qwen3, qwen3moe), gives them the "
          "names and the row order that transformers expects, and makes config.json, tokenizer and "
          "chat template from the file's metadata.",
      .operands = {{"SRC", "a .gguf file"}, {"DST", "the folder to make"}},
      .examples = {{"hlwq import SmolLM2-135M-Instruct.Q4_1.gguf SmolLM2",
                    "Half-precision weights, as blocks get."}},
      .run = RunImport,
  };
}

Verb ExportVerb() {
  return {
      .name = "export",
      .group = kMake,
      .summary = "Write a checkpoint that other engines load",
      .description =
          "Decodes SRC as needed and writes what --to names to the folder DST, streaming and with "
          "the checks of quantize: a job that was killed goes on with --resume, and hlwq verify "
          "reads the result.\n\n"
          "compressed-tensors: integers of 4 or 8 bits with scales of groups, for vLLM and "
          "transformers. What the published recipe names is coded; rows that groups of 128 do not "
          "divide get groups of 64 or 32; fused experts become one matrix each. config.json gains "
          "the quantization_config, README.md tells what was lost.\n\n"
          "gguf: one file for llama.cpp, of the architectures llama, mistral, qwen2, qwen3 and "
          "qwen3_moe, with tokenizer and chat template. DST holds it, named after SRC and the type "
          "of its matrices, and the manifest.",
      .operands = {{"SRC",
                    "a checkpoint of any format that hlwq reads; the original gives the best "
                    "result"},
                   {"DST", "the folder to make"}},
      .examples =
          {{"hlwq export Qwen3-1.7B Qwen3-1.7B-int4 --to compressed-tensors",
            "For vLLM, straight from the original."},
           {"hlwq export Qwen3-1.7B Qwen3-1.7B-int4r --to compressed-tensors --rotation folded",
            "With the rotation folded into the weights."},
           {"hlwq export Qwen3-1.7B-hlwq Qwen3-1.7B-GGUF --to gguf --type q8_0",
            "Decoded, for llama.cpp."}},
      .run = RunExport,
  };
}

Verb SynthVerb() {
  return {
      .name = "synth",
      .group = kMake,
      .summary = "Make a checkpoint of a model's true shapes with random weights",
      .description =
          "For trials of capacity and speed on one's own machine: the tensors that a config.json "
          "implies, filled with Gaussian weights of a usual size, written as a stream.",
      .operands = {{"CONFIG", "a config.json"}, {"DST", "the folder to make"}},
      .examples = {{"hlwq synth Qwen3.6-35B-A3B/config.json trial --layers 4",
                    "Four decoder layers of a model with 256 experts."}},
      .run = RunSynth,
  };
}

Verb DownloadVerb() {
  return {
      .name = "download",
      .group = kMake,
      .summary = "Fetch a model from the Hugging Face Hub",
      .description =
          "Puts the files of a repository where the Hub's own tools keep them, and prints the "
          "folder. What is there already is not fetched again; what was broken off goes on where "
          "it ended; large files are checked against their SHA-256. Verbs then find the model as "
          "hf:ORG/NAME[@REVISION].\n\n"
          "The cache is HF_HUB_CACHE, else hub in HF_HOME, else ~/.cache/huggingface/hub. "
          "HF_TOKEN, "
          "else the file token in HF_HOME, says who asks; HF_ENDPOINT names another Hub.",
      .operands = {{"ORG/NAME", "the repository, also as hf:ORG/NAME or ORG/NAME@REVISION"}},
      .examples = {{"hlwq download Qwen/Qwen3-1.7B", "All of it."},
                   {"hlwq download Qwen/Qwen3-1.7B --include '*.json'", "Only small files."}},
      .run = RunDownload,
  };
}

Verb InspectVerb() {
  return {
      .name = "inspect",
      .group = kLook,
      .summary = "Tell what a checkpoint is and what is in it",
      .description =
          "Reads headers only. Shows the format, the codec and its table, sizes, bits per weight, "
          "how much of the model is coded, where it came from, and its tensors; with --tensor "
          "everything about one of them.",
      .operands = {{"PATH", "a checkpoint of any format hlwq reads"}},
      .examples = {{"hlwq inspect Qwen3-1.7B-hlwq", "The whole."},
                   {"hlwq inspect model.gguf --json | jq .tensors[].name", "For a script."}},
      .run = RunInspect,
  };
}

Verb PlanVerb() {
  return {
      .name = "plan",
      .group = kLook,
      .summary = "Tell what quantizing would do, from shapes alone",
      .description =
          "Counts matrices, keys and parameters by role, gives the size here and at every other "
          "--bits, the peak memory of the job, and for models with experts the memory that a run "
          "of the result takes with "
          "as many of them in memory. A config.json is enough: no weights are read.",
      .operands = {{"SRC", "a checkpoint, or a config.json"}},
      .examples = {{"hlwq plan Qwen3.6-35B-A3B/config.json --bits 5",
                    "How large would 35 billion parameters become?"}},
      .run = RunPlan,
  };
}

Verb CompareVerb() {
  return {
      .name = "compare",
      .group = kLook,
      .summary = "Measure the error between two checkpoints, tensor by tensor",
      .description =
          "Decodes both as needed, whatever their formats, and lists for each tensor the signal-to-"
          "noise ratio, the cosine and the largest error, worst first. A is the original.",
      .operands = {{"A", "the original"}, {"B", "what was made from it"}},
      .examples = {{"hlwq compare Qwen3-1.7B Qwen3-1.7B-hlwq --min-snr 26",
                    "Exit status 1 when a tensor falls below 26 dB."}},
      .run = RunCompare,
  };
}

Verb VerifyVerb() {
  return {
      .name = "verify",
      .group = kLook,
      .summary = "Check the structure and the checksums of a checkpoint",
      .description =
          "Reads every byte of a checkpoint that hlwq wrote and compares it with the checksums "
          "recorded at writing. A single flipped bit is found, and the tensor it is in is named. "
          "Exit status 1 when something is damaged.",
      .operands = {{"DIR", "a checkpoint written by hlwq"}},
      .run = RunVerify,
  };
}

Verb HelpVerb() {
  return {
      .name = "help",
      .group = kOther,
      .summary = "Explain hlwq or a verb; print the man page or shell completions",
      .description = "Everything here comes from one table of verbs and flags; --json prints it.",
      .operands = {{"VERB", "the verb to explain", false}},
      .examples = {{"hlwq help --man | man -l -", "The man page."}},
      .run = RunHelp,
  };
}

}  // namespace

std::vector<Verb> HlwqVerbs() {
  std::vector<Verb> verbs;
  const auto add = [&](std::vector<Verb> group) {
    for (Verb& verb : group) verbs.push_back(std::move(verb));
  };
  add({QuantizeVerb(), DequantizeVerb(), ImportVerb(), ExportVerb(), SynthVerb(), DownloadVerb()});
  add(GenerationVerbs());
  add({InspectVerb(), PlanVerb(), CompareVerb(), VerifyVerb()});
  add(EvaluationVerbs());
  add({HelpVerb()});
  return verbs;
}

}  // namespace hlwq::cli
