// Qwen3.5 and Qwen3.6, dense or with experts: layers as of Qwen3-Next with the inputs of the delta
// nets apart. Of a multimodal checkpoint this is the text part; its vision tower is not run.
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/full_windows.h"

namespace hlwq::model {

const Architecture kQwen35 = {"qwen3_5", FullWindows, BindDecoderLayer};
const Architecture kQwen35Text = {"qwen3_5_text", FullWindows, BindDecoderLayer};
const Architecture kQwen35Moe = {"qwen3_5_moe", FullWindows, BindDecoderLayer};
const Architecture kQwen35MoeText = {"qwen3_5_moe_text", FullWindows, BindDecoderLayer};

}  // namespace hlwq::model
