// The layer that runs every family of checkpoint/catalog: attention or a gated delta net, then a
// SwiGLU network or a mixture of them, as the record of the family and config.json say.
#pragma once

#include "model/layer.h"
#include "model/layer_binder.h"

namespace hlwq::model {

Layer BindDecoderLayer(const LayerBinder& binder);

}  // namespace hlwq::model
