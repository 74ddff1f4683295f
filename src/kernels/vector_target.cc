#include "kernels/vector_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "kernels/cpu/target.h"
// After target.h, which says what there is.
#include "hwy/highway.h"
#include "hwy/targets.h"
#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace hlwq::kernels {
namespace {

struct Target {
  std::string_view name;
  int64_t bit;  // a lower one is better
};

constexpr std::string_view kAvx2Vnni = "avx2-vnni";
constexpr std::array kTargets = {Target{"avx512-vbmi", HWY_AVX3_DL}, Target{"avx512", HWY_AVX3},
                                 Target{kAvx2Vnni, HWY_AVX2},        Target{"avx2", HWY_AVX2},
                                 Target{"sse4", HWY_SSE4},           Target{"neon", HWY_NEON},
                                 Target{"scalar", HWY_SCALAR}};

bool HasAvxVnni() noexcept {
#if HWY_ARCH_X86
  // Leaf 7 says in EAX how many more parts it has; the first of these has the bit.
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || a < 1) return false;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
#else
  return false;
#endif
}

std::atomic<bool>& AvxVnni() noexcept {
  static std::atomic<bool> uses = HasAvxVnni();
  return uses;
}

}  // namespace

void CapVectorTarget(std::string_view name) {
  const auto found = std::ranges::find(kTargets, name, &Target::name);
  if (found == kTargets.end()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("want avx512-vbmi, avx512, avx2-vnni, avx2, sse4, neon or scalar, got '{}'",
                    name));
  }
  hwy::DisableTargets(found->bit - 1);
  AvxVnni() = HasAvxVnni() && name != "avx2";
}

std::string_view VectorTargetName() noexcept {
  const int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  const int64_t best = usable & -usable;
  for (const Target& target : kTargets) {
    if (target.bit >= best && (target.name != kAvx2Vnni || UsesAvxVnni())) return target.name;
  }
  return kTargets.back().name;
}

bool UsesAvxVnni() noexcept { return AvxVnni().load(std::memory_order_relaxed); }

}  // namespace hlwq::kernels
