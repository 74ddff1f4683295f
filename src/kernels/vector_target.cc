#include "kernels/vector_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"
#include "kernels/cpu/target.h"
// After target.h, which says what there is.
#include "hwy/highway.h"
#include "hwy/targets.h"

namespace hlwq::kernels {
namespace {

struct Target {
  std::string_view name;
  int64_t bit;  // a lower one is better
};

constexpr std::array kTargets = {Target{"avx512-vbmi", HWY_AVX3_DL}, Target{"avx512", HWY_AVX3},
                                 Target{"avx2", HWY_AVX2},           Target{"sse4", HWY_SSE4},
                                 Target{"neon", HWY_NEON},           Target{"scalar", HWY_SCALAR}};

}  // namespace

void CapVectorTarget(std::string_view name) {
  const auto found = std::ranges::find(kTargets, name, &Target::name);
  if (found == kTargets.end()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("want avx512-vbmi, avx512, avx2, sse4, neon or scalar, got '{}'", name));
  }
  hwy::DisableTargets(found->bit - 1);
}

}  // namespace hlwq::kernels
