// A checkpoint whose fused experts are seen as one matrix each, as most engines name them.
#pragma once

#include "checkpoint/checkpoint.h"

namespace hlwq::checkpoint {

// Replaces every `x.experts.gate_up_proj` [E, 2*Im, H] by `x.experts.<e>.gate_proj.weight` and
// `x.experts.<e>.up_proj.weight` [Im, H], and every `x.experts.down_proj` [E, H, Im] by
// `x.experts.<e>.down_proj.weight` [H, Im]; other tensors stay. Nothing is read. Throws
// Error{kUnsupported} naming a fused tensor of a model without a catalog: the meaning of its axes is
// not known then.
void SplitFusedExperts(Checkpoint& checkpoint);

}  // namespace hlwq::checkpoint
