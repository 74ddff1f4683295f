// What every vector unit includes before Highway.
//
// AVX3_DL brings byte permutes. SVE and RVV are left out (ARM runs NEON): their vectors have no
// size and cannot be held in arrays, which keep a whole block in registers here.
#pragma once

#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
