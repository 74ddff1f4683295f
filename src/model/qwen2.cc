// Qwen2: Llama with biases on q, k and v, which the catalog lists always.
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/qwen_windows.h"

namespace hlwq::model {

const Architecture kQwen2 = {"qwen2", QwenWindows, BindDecoderLayer};

}  // namespace hlwq::model
