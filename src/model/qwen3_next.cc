// Qwen3-Next: gated delta nets with inputs fused by key head, full attention with an output gate in
// every fourth layer, experts with one that all tokens share.
#include "model/architecture.h"
#include "model/decoder_layer.h"
#include "model/full_windows.h"

namespace hlwq::model {

const Architecture kQwen3Next = {"qwen3_next", FullWindows, BindDecoderLayer};

}  // namespace hlwq::model
