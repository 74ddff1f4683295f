// The layer of the dense families: full attention, then a SwiGLU network.
#pragma once

#include "model/layer.h"
#include "model/layer_binder.h"

namespace hlwq::model {

Layer BindDenseLayer(const LayerBinder& binder);

}  // namespace hlwq::model
