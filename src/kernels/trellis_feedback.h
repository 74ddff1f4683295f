// Coding blocks of columns by the trellis with feedback: the vector form of codec::CodeTrellisFeedback.
#pragma once

#include "codec/trellis_feedback.h"

namespace hlwq::kernels {

// The same bits as the scalar reference on every target. Stack: 96 KiB. Thread: safe.
// Cost: some 250 multiply-adds and 130 loads and stores of survivors a weight, rows in lanes.
void CodeTrellisFeedback(const codec::TrellisGrid& grid,
                         const codec::TrellisFeedbackBlock& block) noexcept;

}  // namespace hlwq::kernels
