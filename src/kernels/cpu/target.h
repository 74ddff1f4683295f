// What every vector unit includes before Highway.
//
// AVX3_DL brings byte permutes. SSSE3 is left out: few processors have it and not what SSE4 wants
// (AES too), all of them old; they run the scalar code. SVE and RVV are left out (ARM runs NEON):
// their vectors have no size and cannot be held in arrays, which keep a whole block in registers here.
#pragma once

#define HWY_WANT_AVX3_DL
#define HLWQ_NEVER_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#ifdef HLWQ_ONE_VECTOR_TARGET  // a build option: AVX2 and the scalar code
#define HWY_DISABLED_TARGETS (HLWQ_NEVER_TARGETS | HWY_SSE4 | HWY_AVX3 | HWY_AVX3_DL)
#else
#define HWY_DISABLED_TARGETS HLWQ_NEVER_TARGETS
#endif
// So NEON is all there is on 64-bit ARM, and nothing to choose at run time. Told that, Highway
// (1.0.3) does not mark its code as "+crypto", which constructors that GCC supplies would not be.
#if defined(__aarch64__)
#define TOOLCHAIN_MISS_SYS_AUXV_H
#endif
