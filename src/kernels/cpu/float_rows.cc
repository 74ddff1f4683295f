#include "kernels/float_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "codec/float_rows.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/float_rows.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/float_rows-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

std::span<const std::byte> Halves(const uint8_t* halves, size_t count) {
  return {reinterpret_cast<const std::byte*>(halves), 2 * count};
}
std::span<std::byte> Halves(uint8_t* halves, size_t count) {
  return {reinterpret_cast<std::byte*>(halves), 2 * count};
}
void WidenBf16(const uint8_t* in, float* out, size_t count) {
  codec::ToFloatReference(DType::kBF16, Halves(in, count), {out, count});
}
void WidenF16(const uint8_t* in, float* out, size_t count) {
  codec::ToFloatReference(DType::kF16, Halves(in, count), {out, count});
}
void NarrowBf16(const float* in, uint8_t* out, size_t count) {
  codec::FromFloatReference({in, count}, DType::kBF16, Halves(out, count));
}
void NarrowF16(const float* in, uint8_t* out, size_t count) {
  codec::FromFloatReference({in, count}, DType::kF16, Halves(out, count));
}
bool IsAllFinite(const float* values, size_t count) {
  return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

#else

template <class Format>
HWY_ATTR void Widen(const uint8_t* HWY_RESTRICT in, float* HWY_RESTRICT out, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(Format::Load(in + i * Format::kBytes), DF(), out + i);
  }
  if (i == count) return;
  // The rest through whole vectors, so that it is rounded by the same code.
  uint8_t bytes[kLanes * Format::kBytes] = {};
  float wide[kLanes];
  std::memcpy(bytes, in + i * Format::kBytes, (count - i) * Format::kBytes);
  hn::StoreU(Format::Load(bytes), DF(), wide);
  std::memcpy(out + i, wide, (count - i) * sizeof(float));
}

template <class Format>
HWY_ATTR void Narrow(const float* HWY_RESTRICT in, uint8_t* HWY_RESTRICT out, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Format::Store(hn::LoadU(DF(), in + i), out + i * Format::kBytes);
  }
  if (i == count) return;
  uint8_t bytes[kLanes * Format::kBytes];
  float wide[kLanes] = {};
  std::memcpy(wide, in + i, (count - i) * sizeof(float));
  Format::Store(hn::LoadU(DF(), wide), bytes);
  std::memcpy(out + i * Format::kBytes, bytes, (count - i) * Format::kBytes);
}

void WidenBf16(const uint8_t* in, float* out, size_t count) { Widen<Bf16Format>(in, out, count); }
void WidenF16(const uint8_t* in, float* out, size_t count) { Widen<F16Format>(in, out, count); }
void NarrowBf16(const float* in, uint8_t* out, size_t count) { Narrow<Bf16Format>(in, out, count); }
void NarrowF16(const float* in, uint8_t* out, size_t count) { Narrow<F16Format>(in, out, count); }

bool IsAllFinite(const float* HWY_RESTRICT values, size_t count) {
  // Zero times a finite value is zero; times anything else NaN, which stays in the sum.
  VF sum = hn::Zero(DF());
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    sum = hn::Add(sum, hn::Mul(hn::LoadU(DF(), values + i), hn::Zero(DF())));
  }
  float rest = 0;
  for (; i < count; ++i) rest += values[i] * 0.0f;
  return rest == 0 && hn::AllTrue(DF(), hn::Eq(sum, hn::Zero(DF())));
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(WidenBf16);
HWY_EXPORT(WidenF16);
HWY_EXPORT(NarrowBf16);
HWY_EXPORT(NarrowF16);
HWY_EXPORT(IsAllFinite);

void ToFloat(DType dtype, std::span<const std::byte> in, std::span<float> out) noexcept {
  HLWQ_DASSERT(in.size() == out.size() * BitsPerElement(dtype) / 8);
  const auto* from = reinterpret_cast<const uint8_t*>(in.data());
  if (dtype == DType::kBF16) {
    HWY_DYNAMIC_DISPATCH(WidenBf16)(from, out.data(), out.size());
  } else if (dtype == DType::kF16) {
    HWY_DYNAMIC_DISPATCH(WidenF16)(from, out.data(), out.size());
  } else if (dtype == DType::kF32 && !out.empty()) {
    std::memcpy(out.data(), from, out.size_bytes());
  }
}

void FromFloat(std::span<const float> in, DType dtype, std::span<std::byte> out) noexcept {
  HLWQ_DASSERT(out.size() == in.size() * BitsPerElement(dtype) / 8);
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  if (dtype == DType::kBF16) {
    HWY_DYNAMIC_DISPATCH(NarrowBf16)(in.data(), to, in.size());
  } else if (dtype == DType::kF16) {
    HWY_DYNAMIC_DISPATCH(NarrowF16)(in.data(), to, in.size());
  } else if (dtype == DType::kF32 && !in.empty()) {
    std::memcpy(to, in.data(), in.size_bytes());
  }
}

bool AllFinite(std::span<const float> values) noexcept {
  return HWY_DYNAMIC_DISPATCH(IsAllFinite)(values.data(), values.size());
}

}  // namespace hlwq::kernels
#endif
