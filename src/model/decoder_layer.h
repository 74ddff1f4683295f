// The layer of all families here: attention or a gated delta net, then a SwiGLU network or a mixture
// of them, as the family and config.json say.
#pragma once

#include "model/layer.h"
#include "model/layer_binder.h"

namespace hlwq::model {

Layer BindDecoderLayer(const LayerBinder& binder);

}  // namespace hlwq::model
