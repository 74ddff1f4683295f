// Llama: full attention and a SwiGLU network; biases where the catalog lists them (attention_bias,
// mlp_bias).
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/full_windows.h"

namespace hlwq::model {
const Architecture kLlama = {"llama", FullWindows, BindDecoderLayer};

}  // namespace hlwq::model
