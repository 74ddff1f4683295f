#include "tests/support/make_checkpoint.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/file.h"
#include "base/random.h"
#include "io/safetensors.h"
#include "tensor/float16.h"

namespace hlwq::test {
namespace {

namespace fs = std::filesystem;

std::string TensorContent(const MadeTensor& tensor, uint64_t seed) {
  const uint64_t count = *ElementCount(tensor.shape);
  std::string bytes(*TensorBytes(tensor.dtype, tensor.shape), '\0');
  if (!IsWeightFloat(tensor.dtype)) {
    for (size_t index = 0; index < bytes.size(); ++index) bytes[index] = static_cast<char>(index);
    return bytes;
  }
  for (uint64_t index = 0; index < count; ++index) {
    const float value = tensor.value ? tensor.value(index) : 0.02f * NearNormal(seed, index);
    if (tensor.dtype == DType::kF32) {
      std::memcpy(bytes.data() + 4 * index, &value, 4);
    } else {
      const uint16_t half = tensor.dtype == DType::kF16 ? F32ToF16(value) : F32ToBF16(value);
      std::memcpy(bytes.data() + 2 * index, &half, 2);
    }
  }
  return bytes;
}

}  // namespace

void WriteSafetensors(const fs::path& path, const std::vector<MadeTensor>& tensors) {
  std::vector<io::SafetensorsEntry> entries;
  std::string data;
  for (size_t index = 0; index < tensors.size(); ++index) {
    const uint64_t begin = data.size();
    data += TensorContent(tensors[index], index + 1);
    entries.push_back(
        {tensors[index].name, tensors[index].dtype, tensors[index].shape, begin, data.size()});
  }
  WriteFileAtomically(path, io::SerializeSafetensorsHeader(entries, {{"format", "pt"}}) + data);
}

void WriteSmallLlama(const fs::path& folder, int layers) {
  fs::create_directories(folder);
  std::vector<MadeTensor> tensors = {{"model.embed_tokens.weight", DType::kBF16, {64, 96}}};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](const char* name, Shape shape) {
      tensors.push_back({prefix + name, DType::kBF16, std::move(shape)});
    };
    add("input_layernorm.weight", {96});
    add("self_attn.q_proj.weight", {96, 96});
    add("self_attn.k_proj.weight", {48, 96});
    add("self_attn.v_proj.weight", {48, 96});
    add("self_attn.o_proj.weight", {96, 96});
    add("post_attention_layernorm.weight", {96});
    add("mlp.gate_proj.weight", {256, 96});
    add("mlp.up_proj.weight", {256, 96});
    add("mlp.down_proj.weight", {96, 256});
  }
  tensors.push_back({"model.norm.weight", DType::kBF16, {96}});
  tensors.push_back({"lm_head.weight", DType::kBF16, {64, 96}});
  WriteSafetensors(folder / "model.safetensors", tensors);
  WriteFileAtomically(folder / "config.json", R"({
  "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 96,
  "intermediate_size": 256, "num_hidden_layers": )" +
                                                  std::to_string(layers) + R"(,
  "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
  "tie_word_embeddings": false, "hidden_act": "silu", "torch_dtype": "bfloat16"
})");
}

std::vector<std::pair<std::string, std::string>> FolderContent(const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> content;
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    if (!item.is_regular_file()) continue;
    content.emplace_back(fs::relative(item.path(), folder).string(),
                         ReadSmallFile(item.path(), uint64_t{1} << 30));
  }
  std::sort(content.begin(), content.end());
  return content;
}

}  // namespace hlwq::test
