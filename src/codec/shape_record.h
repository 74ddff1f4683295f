// The constant part that records a coded matrix's shape (docs/format.md, "Parts").
#pragma once

#include <cstdint>
#include <string>

#include "codec/codec.h"

namespace hlwq::codec {

// I64 [5]: out, n_blocks, 128, codes, in. Throws Error{kUnsupported} naming `codec` when the codes of
// a matrix do not fit the record: they bound every other size.
Part ShapeRecord(const char* codec, std::string suffix, MatrixShape shape);

}  // namespace hlwq::codec
