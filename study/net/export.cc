#include "study/net/export.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "study/corpus/array_file.h"
#include "study/corpus/tokenizer_files.h"

namespace hlwq::study {
namespace {

nlohmann::json LlamaConfig(const NetOptions& options, TokenId start) {
  const ModelConfig& model = options.model;
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"attention_bias", false},
          {"attention_dropout", 0.0},
          {"bos_token_id", start},
          {"eos_token_id", start},
          {"dtype", "float32"},
          {"torch_dtype", "float32"},
          {"head_dim", model.width / model.heads},
          {"hidden_act", "silu"},
          {"hidden_size", model.width},
          {"initializer_range", 0.02},
          {"intermediate_size", model.hidden},
          {"max_position_embeddings", model.window},
          {"mlp_bias", false},
          {"num_attention_heads", model.heads},
          {"num_hidden_layers", model.layers},
          {"num_key_value_heads", model.heads},
          {"rms_norm_eps", model.norm_epsilon},
          {"rope_theta", model.rope_theta},
          {"tie_word_embeddings", options.is_tied},
          {"use_cache", true},
          {"vocab_size", options.vocabulary}};
}

}  // namespace

void ExportLlama(const Net& net, TokenId start, const std::filesystem::path& tokenizer_folder,
                 const std::filesystem::path& folder) {
  const NetOptions& options = net.options();
  if (!options.is_causal) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "only autoregressive nets are Llama models: a masked one has nothing to go on from");
  }
  std::filesystem::create_directories(folder);
  std::vector<at::Tensor> here;
  std::vector<NamedArray> arrays;
  for (const auto& [name, parameter] : net.parameters()) {
    at::Tensor values = parameter.detach().to(at::kCPU, at::kFloat);
    if (name == "model.embed_tokens.weight") {
      values = values.narrow(0, 0, static_cast<int64_t>(options.vocabulary));
    }
    here.push_back(values.contiguous());
    Shape shape;
    for (const int64_t size : values.sizes()) shape.push_back(static_cast<uint64_t>(size));
    const size_t count = static_cast<size_t>(values.numel());
    arrays.push_back(
        {name, DType::kF32, shape, std::as_bytes(std::span(here.back().data_ptr<float>(), count))});
  }
  CopyTokenizer(tokenizer_folder, folder);
  WriteFileAtomically(folder / "config.json", DumpJson(LlamaConfig(options, start)));
  WriteArrays(folder / "model.safetensors", arrays, {{"format", "pt"}});
}

}  // namespace hlwq::study
