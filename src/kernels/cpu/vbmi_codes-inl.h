// Codes to byte lanes for AVX-512 with byte permutes and multishift (VBMI): the code stream is read
// as it lies.
//
// A permute gathers the bytes of eight codes, most significant first, into the top of each 64-bit
// lane; a multishift takes eight fields of eight bits out of it, the code in the low bits of each.
// The bits above a code belong to its neighbours: tables repeat, so that they choose nothing.
#if defined(HLWQ_KERNELS_CPU_VBMI_CODES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HLWQ_KERNELS_CPU_VBMI_CODES_INL_H_
#undef HLWQ_KERNELS_CPU_VBMI_CODES_INL_H_
#else
#define HLWQ_KERNELS_CPU_VBMI_CODES_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/lane_codes-inl.h"

#if HWY_TARGET <= HWY_AVX3_DL

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

using Bytes = std::array<uint8_t, 64>;
using GroupOrder = std::array<size_t, 8>;

HWY_INLINE __m512i LoadBytes(const Bytes& bytes) { return _mm512_loadu_si512(bytes.data()); }

// How the bytes of a block become those of 64-bit lanes, and these become codes. A half block is 64
// codes. Up to four bits, a lane holds eight codes of each half; else each half is loaded by
// itself, with bytes of the other one, so that nothing outside the block is read.
struct StreamPlan {
  size_t block_bytes = 0;
  bool is_shared = false;  // the lanes of both halves are those of half 0
  size_t load[2] = {};     // offset of each half's 64-byte load; of a smaller block, 0
  Bytes gather[2] = {};    // which byte of the load each byte of the lanes is
  Bytes fields[2] = {};    // the lowest bit of each field in its lane
};

constexpr StreamPlan PlanOf(size_t bits) {
  StreamPlan plan;
  plan.block_bytes = 16 * bits;
  plan.is_shared = bits <= 4;
  if (plan.block_bytes > 64) plan.load[1] = plan.block_bytes - 64;
  return plan;
}

// Bytes first .. first + count - 1 of a half, into a lane from its byte `top` downwards.
constexpr void GatherDown(StreamPlan& plan, size_t half, size_t lane, size_t top, size_t first,
                          size_t count) {
  const size_t begin = plan.block_bytes / 2 * half - plan.load[half];
  for (size_t i = 0; i < count; ++i) {
    plan.gather[plan.is_shared ? 0 : half][8 * lane + top - i] =
        static_cast<uint8_t>(begin + first + i);
  }
}

// Lane g takes the group of eight codes order[g] of the half.
constexpr StreamPlan MsbPlan(size_t bits, const GroupOrder& order) {
  StreamPlan plan = PlanOf(bits);
  for (size_t half = 0; half < 2; ++half) {
    const size_t top = plan.is_shared ? 7 - bits * half : 7;
    for (size_t lane = 0; lane < 8; ++lane) {
      GatherDown(plan, half, lane, top, order[lane] * bits, bits);
    }
    for (size_t i = 0; i < 64; ++i) {
      plan.fields[half][i] = static_cast<uint8_t>(8 * (top + 1) - bits * (i % 8 + 1));
    }
  }
  return plan;
}

// Five bits, the first code lowest in little-endian groups of five bytes.
constexpr StreamPlan LsbPlan() {
  StreamPlan plan = PlanOf(5);
  for (size_t half = 0; half < 2; ++half) {
    const size_t begin = 40 * half - plan.load[half];
    for (size_t i = 0; i < 64; ++i) {
      if (i % 8 < 5) plan.gather[half][i] = static_cast<uint8_t>(begin + i / 8 * 5 + i % 8);
      plan.fields[half][i] = static_cast<uint8_t>(5 * (i % 8));
    }
  }
  return plan;
}

// Six bits for words: lane g takes the three bytes of codes 4g..4g+3 of the half and then of those
// 32 later; the first four become the low bytes of words, the other four the high ones.
constexpr StreamPlan WordPlan() {
  StreamPlan plan = PlanOf(6);
  for (size_t half = 0; half < 2; ++half) {
    for (size_t lane = 0; lane < 8; ++lane) {
      GatherDown(plan, half, lane, 7, 3 * lane, 3);
      GatherDown(plan, half, lane, 4, 24 + 3 * lane, 3);
    }
    for (size_t i = 0; i < 64; ++i) {
      const size_t end = i % 2 == 0 ? 64 : 40;
      plan.fields[half][i] = static_cast<uint8_t>(end - 6 * (i % 8 / 2 + 1));
    }
  }
  return plan;
}

// For words made by interleaving low and high bytes in 128-bit lanes.
constexpr GroupOrder kInterleaved = {0, 4, 1, 5, 2, 6, 3, 7};

template <size_t kBits>
constexpr StreamPlan kMsbPlan = MsbPlan(kBits, {0, 1, 2, 3, 4, 5, 6, 7});
template <size_t kBits>
constexpr StreamPlan kMsbInterleavedPlan = MsbPlan(kBits, kInterleaved);
constexpr StreamPlan kLsbPlan = LsbPlan();
constexpr StreamPlan kWordPlan = WordPlan();

// Sources of codes. Half<h>(packed) is the 64 codes of a half in the low bits of bytes, with
// anything above them.

template <const StreamPlan& kPlan>
class StreamCodes {
 public:
  HWY_INLINE StreamCodes() {
    for (size_t half = 0; half < 2; ++half) {
      gather_[half] = LoadBytes(kPlan.gather[half]);
      fields_[half] = LoadBytes(kPlan.fields[half]);
    }
  }
  template <size_t kHalf>
  HWY_INLINE __m512i Half(const uint8_t* HWY_RESTRICT packed) const {
    constexpr size_t kFrom = kPlan.is_shared ? 0 : kHalf;
    const __m512i stream = LoadStream<kPlan.block_bytes>(packed + kPlan.load[kFrom]);
    const __m512i lanes = _mm512_permutexvar_epi8(gather_[kFrom], stream);
    return _mm512_multishift_epi64_epi8(fields_[kHalf], lanes);
  }

 private:
  __m512i gather_[2], fields_[2];
};

class HalfNibbleCodes {
 public:
  template <size_t kHalf>
  HWY_INLINE __m512i Half(const uint8_t* HWY_RESTRICT packed) const {
    __m512i both = _mm512_loadu_si512(packed);
    // Else GCC (12) loads it once for each half, from two cache lines mostly.
    __asm__("" : "+v"(both));
    return kHalf == 0 ? both : _mm512_srli_epi16(both, 4);
  }
};

class PlainCodes {
 public:
  template <size_t kHalf>
  HWY_INLINE __m512i Half(const uint8_t* HWY_RESTRICT packed) const {
    return _mm512_loadu_si512(packed + 64 * kHalf);
  }
};

// In the order kInterleaved.
class PlainInterleavedCodes {
 public:
  HWY_INLINE PlainInterleavedCodes() : order_(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7)) {}
  template <size_t kHalf>
  HWY_INLINE __m512i Half(const uint8_t* HWY_RESTRICT packed) const {
    return _mm512_permutexvar_epi64(order_, _mm512_loadu_si512(packed + 64 * kHalf));
  }

 private:
  __m512i order_;
};

// Sources of six-bit codes in words. Half<h> gives 64 of them, with anything above, in two vectors.

class StreamWords {
 public:
  HWY_INLINE StreamWords() {}  // GCC gives implicit constructors no target
  template <size_t kHalf>
  HWY_INLINE void Half(const uint8_t* HWY_RESTRICT packed, __m512i& low, __m512i& high) const {
    low = codes_.template Half<kHalf>(packed);
    high = _mm512_srli_epi16(low, 8);
  }

 private:
  StreamCodes<kWordPlan> codes_;
};

class PlainWords {
 public:
  template <size_t kHalf>
  HWY_INLINE void Half(const uint8_t* HWY_RESTRICT packed, __m512i& low, __m512i& high) const {
    const auto* from = reinterpret_cast<const __m256i*>(packed + 64 * kHalf);
    low = _mm512_cvtepu8_epi16(_mm256_loadu_si256(from));
    high = _mm512_cvtepu8_epi16(_mm256_loadu_si256(from + 1));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#endif  // HWY_TARGET <= HWY_AVX3_DL

#endif
