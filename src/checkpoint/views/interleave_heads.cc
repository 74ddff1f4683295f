#include "checkpoint/views/interleave_heads.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "checkpoint/gguf/names.h"

namespace hlwq::checkpoint {

void InterleaveHeads::Apply(RowRange rows, std::span<float> weights) const {
  if (weights.empty()) return;
  const uint64_t width = of_ == Of::kRows ? weights.size() / rows.size() : 1;  // of what moves
  const uint64_t head_weights = head_dim_ * width;
  HLWQ_DASSERT(weights.size() % head_weights == 0);
  const std::vector<uint64_t> stored_of = UnpermutedHeads(1, head_dim_);
  std::vector<float> head(head_weights);
  for (size_t first = 0; first < weights.size(); first += head_weights) {
    const std::span<float> here = weights.subspan(first, head_weights);
    std::ranges::copy(here, head.begin());
    for (uint64_t row = 0; row < head_dim_; ++row) {
      std::copy_n(head.begin() + static_cast<ptrdiff_t>(row * width), width,
                  here.begin() + static_cast<ptrdiff_t>(stored_of[row] * width));
    }
  }
}

}  // namespace hlwq::checkpoint
