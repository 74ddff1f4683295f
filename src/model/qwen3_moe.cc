// Qwen3-MoE: Qwen3 with a mixture of experts in all layers but those that config.json names.
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/qwen_windows.h"

namespace hlwq::model {

const Architecture kQwen3Moe = {"qwen3_moe", QwenWindows, BindDecoderLayer};

}  // namespace hlwq::model
