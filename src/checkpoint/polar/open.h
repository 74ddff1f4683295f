// polar_state checkpoints, ours and published, and the legacy `.codes` formats
// (docs/format-polar-state.md): from stored tensors to the tensors they stand for.
#pragma once

#include "checkpoint/checkpoint.h"
#include "checkpoint/polar/input.h"

namespace hlwq::checkpoint {

// True where polar_config.json has our own section or a stored tensor is named like part of a coded
// one. Looks at names only; whether the parts make sense is InterpretPolar's question.
bool LooksLikePolar(const Checkpoint& checkpoint);

// Replaces the stored tensors of an opened checkpoint (all PlainStorage) by what they stand for:
// fills format, tensors and notes. With our own section nothing is guessed: names, codec, dtype and
// shape come from it, and the stored parts must be those of the codec. Without it the rules of
// docs/format-polar-state.md, P.4 to P.7, apply. Reads the headers' small companions (shape
// records, tables) only. Throws Error{kInvalidData} for what contradicts itself or fits two
// readings (naming file, tensor, expected, found), Error{kNotFound} for a missing part or slice,
// Error{kUnsupported} for a codec or block size that this program lacks.
void InterpretPolar(Checkpoint& checkpoint);

// The same on a list of tensors; see PolarInput.
PolarContents RecognisePolar(const PolarInput& input);

// The two halves of RecognisePolar: with our own section, and from names and sizes.
PolarContents RecogniseOwnPolar(const PolarInput& input);
PolarContents RecognisePublishedPolar(const PolarInput& input);

}  // namespace hlwq::checkpoint
