// A gated delta net from the tensors of its layer.
#pragma once

#include <memory>

#include "model/delta_layer.h"
#include "model/layer_binder.h"

namespace hlwq::model {

std::unique_ptr<const Block> BindDelta(const LayerBinder& binder);

}  // namespace hlwq::model
