#include "kernels/int_groups.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "codec/float_rows.h"
#include "kernels/cpu/int_groups_arguments.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/int_groups.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/int_groups-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

size_t EncodeIntOn(const EncodeIntArguments& args) {
  const size_t input_bytes = args.group * BitsPerElement(args.dtype) / 8;
  const size_t scale_bytes = BitsPerElement(args.coding.scale_dtype) / 8;
  std::vector<float> weights(args.group);
  for (size_t i = 0; i < args.count; ++i) {
    const auto* from = reinterpret_cast<const std::byte*>(args.weights + i * input_bytes);
    codec::ToFloatReference(args.dtype, {from, input_bytes}, weights);
    auto* scale = reinterpret_cast<std::byte*>(args.scales + i * scale_bytes);
    if (!codec::EncodeIntGroup(weights, args.coding, {args.scratch, args.group},
                               {args.codes + i * args.group, args.group}, {scale, scale_bytes},
                               args.sums[i])) {
      return i;
    }
  }
  return args.count;
}

void DecodeIntOn(const DecodeIntArguments& args) {
  const size_t out_bytes = args.group * BitsPerElement(args.dtype) / 8;
  const size_t scale_bytes = BitsPerElement(args.coding.scale_dtype) / 8;
  std::vector<float> weights(args.group);
  for (size_t i = 0; i < args.count; ++i) {
    float scale;
    const auto* stored = reinterpret_cast<const std::byte*>(args.scales + i * scale_bytes);
    codec::ToFloatReference(args.coding.scale_dtype, {stored, scale_bytes}, {&scale, 1});
    codec::DecodeIntGroup({args.codes + i * args.group, args.group}, scale, args.coding, weights);
    auto* out = reinterpret_cast<std::byte*>(args.weights + i * out_bytes);
    codec::FromFloatReference(weights, args.dtype, {out, out_bytes});
  }
}

#else

size_t EncodeIntOn(const EncodeIntArguments& args) {
  switch (args.dtype) {
    case DType::kBF16:
      return EncodeIntWith<Bf16Format>(args);
    case DType::kF16:
      return EncodeIntWith<F16Format>(args);
    default:
      return EncodeIntWith<F32Format>(args);
  }
}

void DecodeIntOn(const DecodeIntArguments& args) {
  switch (args.dtype) {
    case DType::kBF16:
      return DecodeIntWith<Bf16Format>(args);
    case DType::kF16:
      return DecodeIntWith<F16Format>(args);
    default:
      return DecodeIntWith<F32Format>(args);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(EncodeIntOn);
HWY_EXPORT(DecodeIntOn);

size_t EncodeIntGroups(const codec::IntCoding& coding, DType dtype,
                       std::span<const std::byte> weights, std::span<float> scratch,
                       std::span<uint8_t> codes, std::span<std::byte> scales,
                       std::span<codec::IntGroupSums> sums) noexcept {
  if (sums.empty()) return 0;
  const size_t group = codes.size() / sums.size();
  HLWQ_DASSERT(codes.size() == group * sums.size());
  HLWQ_DASSERT(weights.size() == codes.size() * BitsPerElement(dtype) / 8);
  HLWQ_DASSERT(scales.size() == sums.size() * BitsPerElement(coding.scale_dtype) / 8);
  HLWQ_DASSERT(scratch.size() % codec::kIntStep == 0 && scratch.size() >= group);
  return HWY_DYNAMIC_DISPATCH(EncodeIntOn)(
      {coding, dtype, group, sums.size(), reinterpret_cast<const uint8_t*>(weights.data()),
       scratch.data(), codes.data(), reinterpret_cast<uint8_t*>(scales.data()), sums.data()});
}

void DecodeIntGroups(const codec::IntCoding& coding, std::span<const uint8_t> codes,
                     std::span<const std::byte> scales, DType dtype,
                     std::span<std::byte> weights) noexcept {
  const size_t count = scales.size() * 8 / BitsPerElement(coding.scale_dtype);
  if (count == 0) return;
  HLWQ_DASSERT(codes.size() % count == 0);
  HLWQ_DASSERT(weights.size() == codes.size() * BitsPerElement(dtype) / 8);
  HWY_DYNAMIC_DISPATCH(DecodeIntOn)
  ({coding, dtype, codes.size() / count, count, codes.data(),
    reinterpret_cast<const uint8_t*>(scales.data()), reinterpret_cast<uint8_t*>(weights.data())});
}

}  // namespace hlwq::kernels
#endif
