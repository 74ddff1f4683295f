#include "kernels/encode_blocks.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "codec/bitpack.h"
#include "codec/float_rows.h"
#include "kernels/cpu/encode_arguments.h"
#include "kernels/cpu/target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/encode_blocks.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once for each target.
#include "hwy/highway.h"
#if HWY_TARGET != HWY_SCALAR
#include "kernels/cpu/encode_blocks-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace hlwq::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // without vectors the reference is the kernel

size_t EncodeOn(const EncodeArguments& args) {
  const codec::LevelTable& table = args.cells->table;
  const size_t block_bytes = codec::PackedBlockBytes(codec::BitOrder::kMsb, table.bits());
  const size_t input_bytes = codec::kBlockSize * BitsPerElement(args.dtype) / 8;
  for (size_t i = 0; i < args.count; ++i) {
    codec::EncodedBlock block;
    std::array<float, codec::kBlockSize> weights;
    const auto* from = reinterpret_cast<const std::byte*>(args.weights + i * input_bytes);
    codec::ToFloatReference(args.dtype, {from, input_bytes}, weights);
    if (!codec::EncodeBlock(weights, table, args.rule, block)) return i;
    auto* packed = reinterpret_cast<std::byte*>(args.packed + i * block_bytes);
    codec::PackBlock(codec::BitOrder::kMsb, table.bits(), block.codes, {packed, block_bytes});
    std::memcpy(args.multipliers + 2 * i, &block.multiplier, 2);
    args.sums[i] = block.sums;
  }
  return args.count;
}

#else

// The smallest tables that hold the cells: permutes of registers, where the target has them.
size_t EncodeOn(const EncodeArguments& args) {
  const LevelCells& cells = *args.cells;
  if (MagnitudeFinder<16, 16>::Fits(cells)) return EncodeWith<MagnitudeFinder<16, 16> >(args);
  if (MagnitudeFinder<32, 16>::Fits(cells)) return EncodeWith<MagnitudeFinder<32, 16> >(args);
  using Widest = MagnitudeFinder<kMostRegisterCells, kMostRegisterLevels>;
  if (Widest::Fits(cells)) return EncodeWith<Widest>(args);
  HLWQ_DASSERT(!cells.by_magnitude);
  return EncodeWith<ValueFinder>(args);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace hlwq::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hlwq::kernels {

HWY_EXPORT(EncodeOn);

size_t EncodeBlocks(const LevelCells& cells, codec::ScaleRule rule, DType dtype,
                    std::span<const std::byte> weights, std::span<std::byte> packed,
                    std::span<std::byte> multipliers, std::span<codec::BlockSums> sums) noexcept {
  HLWQ_DASSERT(weights.size() == sums.size() * codec::kBlockSize * BitsPerElement(dtype) / 8);
  HLWQ_DASSERT(packed.size() == sums.size() * 16 * static_cast<size_t>(cells.table.bits()));
  HLWQ_DASSERT(multipliers.size() == sums.size() * 2);
  return HWY_DYNAMIC_DISPATCH(EncodeOn)(
      {&cells, rule, dtype, reinterpret_cast<const uint8_t*>(weights.data()),
       reinterpret_cast<uint8_t*>(packed.data()), reinterpret_cast<uint8_t*>(multipliers.data()),
       sums.data(), sums.size()});
}

}  // namespace hlwq::kernels
#endif
