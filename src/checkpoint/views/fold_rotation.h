// A checkpoint rotated as a whole: another basis of the residual stream, the same logits.
#pragma once

#include "checkpoint/checkpoint.h"
#include "codec/backend.h"

namespace hlwq::checkpoint {

// The vectors of the residual stream are turned by a block-diagonal Walsh-Hadamard rotation Q
// (BlockRotation; the block is RotationBlock(hidden_size)). An RMSNorm commutes with it once its
// weights are gone, so:
//   - the weights of input, post-attention and final norms move into the columns of the matrices
//     that read the normed vector, and become 1 (0 where norms are zero-centred);
//   - readers (q, k, v, gate, up, routers, experts, delta-net inputs, head) have their columns
//     rotated, writers (o, down, out_proj, the vision tower's last matrix) their rows and biases, and
//     the embedding's rows turn with the stream;
//   - a tied head becomes a matrix of its own.
// Without an output gate, the values of each head are rotated as well, in v (rows, bias) and o
// (columns): attention averages them linearly. Engines need nothing at run time; logits are equal
// up to rounding.
//
// Tensors become DerivedStorage, config.json unties the head. The multi-token prediction layers share
// the head and the embedding but have a norm of their own, which cannot be folded: they are left
// out, with a note. Reads the norms. Throws Error{kUnsupported} for a model without a catalog or a
// matrix whose place in it is not known, Error{kNotFound} where a norm is missing.
void FoldRotation(Checkpoint& checkpoint, const codec::Backend& backend);

}  // namespace hlwq::checkpoint
