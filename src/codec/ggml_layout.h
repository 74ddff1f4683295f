// ggml blocks as they lie in the file: what the decoders and the encoders of these formats share.
// Little-endian; no field is aligned, so blocks are copied in and out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hlwq::codec::ggml {

using Half = uint16_t;  // bits of an fp16

inline constexpr size_t kSmallBlockWeights = 32;
inline constexpr size_t kSuperBlockWeights = 256;

// In the blocks of 32 weights byte i of `qs` holds weight i in the
// low nibble and weight 16 + i in the high one; bit i of `qh` is the fifth bit of weight i.
struct BlockQ4_0 {
  Half d;
  uint8_t qs[16];
};
struct BlockQ4_1 {
  Half d, m;
  uint8_t qs[16];
};
struct BlockQ5_0 {
  Half d;
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ5_1 {
  Half d, m;
  uint8_t qh[4];
  uint8_t qs[16];
};
struct BlockQ8_0 {
  Half d;
  int8_t qs[32];
};
// 8 sub-blocks of 32 weights with 6-bit scales and minima (UnpackScales in ggml_blocks.cc). Bytes
// 32p..32p+31 of `qs` hold sub-block 2p in the low nibbles and 2p + 1 in the high ones; bit s of
// qh[i] is the fifth bit of weight i of sub-block s.
struct BlockQ4_K {
  Half d, dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
struct BlockQ5_K {
  Half d, dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
// 2 halves of 128 weights = 4 groups of 32, with an 8-bit scale for each 16 weights. In a half, the
// low nibbles of 64 `ql` bytes hold groups 0 and 1, the high ones groups 2 and 3; bits 2g, 2g+1 of
// the 32 `qh` bytes are the upper bits of group g.
struct BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  Half d;
};

static_assert(sizeof(BlockQ4_0) == 18);
static_assert(sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210);

}  // namespace hlwq::codec::ggml
