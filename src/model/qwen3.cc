// Qwen3: Llama with RMS norms on the heads of q and k.
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/qwen_windows.h"

namespace hlwq::model {

const Architecture kQwen3 = {"qwen3", QwenWindows, BindDecoderLayer};

}  // namespace hlwq::model
