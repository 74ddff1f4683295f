// What a conversion did to the tensors, as a table.
#pragma once

#include <string>
#include <vector>

#include "base/terminal_text.h"
#include "checkpoint/tensor_report.h"

namespace hlwq::cli {

// A row for each role and width, one for what was carried over, and the sum: counts, sizes and, where
// they were measured, errors.
std::string RenderCodingSummary(const std::vector<checkpoint::TensorReport>& reports,
                                const TextLayout& layout);

}  // namespace hlwq::cli
