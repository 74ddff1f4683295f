// The same codes to the scalar reference and to the vector codec on every instruction set of this
// machine: any bytes are codes of some matrix, and all must decode them to the same bits.
//
// An input: bits, table, bit order (which tells the codec), output dtype, shape, levels of a table
// of its own, then the row parts, the last one first.
#include "kernels/cpu/target.h"
// After target.h, so that the generated targets are those of the kernels.
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "codec/backend.h"
#include "codec/codec.h"
#include "kernels/cpu_backend.h"

namespace hlwq {
namespace {

constexpr std::array kTables = {"lloyd-max", "polarquant-v1", "polarquant-v1-inf", "custom"};
constexpr std::array kBitOrders = {codec::BitOrder::kMsb, codec::BitOrder::kLsb,
                                   codec::BitOrder::kHalfNibble, codec::BitOrder::kPlain};
constexpr std::array kDTypes = {DType::kBF16, DType::kF16, DType::kF32};

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  // The bytes that are left, over and over.
  void Fill(std::span<std::byte> out) {
    for (size_t index = 0; index < out.size(); ++index) {
      out[index] = std::byte{bytes_.empty() ? uint8_t{0} : bytes_[index % bytes_.size()]};
    }
    bytes_ = bytes_.subspan(std::min(bytes_.size(), out.size()));
  }

 private:
  std::span<const uint8_t> bytes_;
};

// NaN has many bit patterns and no rule says which one arithmetic gives.
bool SameValues(DType dtype, std::span<const std::byte> a, std::span<const std::byte> b) {
  if (std::ranges::equal(a, b)) return true;
  const size_t width = BitsPerElement(dtype) / 8;
  std::vector<float> x(a.size() / width), y(x.size());
  codec::ReferenceBackend().ToFloat(dtype, a, x);
  codec::ReferenceBackend().ToFloat(dtype, b, y);
  for (size_t index = 0; index < x.size(); ++index) {
    const bool same_bits = std::memcmp(&a[index * width], &b[index * width], width) == 0;
    if (!same_bits && !(x[index] != x[index] && y[index] != y[index])) return false;
  }
  return true;
}

codec::CodecSpec ReadSpec(Input& input) {
  const uint8_t bits = input.Byte();
  const std::string table = kTables[input.Byte() % kTables.size()];
  const size_t choice = input.Byte() % (kBitOrders.size() + 2);
  if (choice < kBitOrders.size()) {
    return {
        codec::HlwqParameters{.table = table, .bit_order = kBitOrders[choice]}, 1 + bits % 8, {}};
  }
  if (choice == kBitOrders.size()) {
    codec::TrellisParameters trellis;
    if (table == "custom") trellis.table = table;
    return {trellis, 2 + bits % 5, {}};
  }
  return {codec::PackQuantizedParameters{
              .word_order = bits & 128 ? codec::WordOrder::kWhole : codec::WordOrder::kDense,
              .scale_group = bits & 64 ? 1u : 0u,  // of the groups that divide the odd widths
              .scale_dtype = table == "lloyd-max" ? DType::kF16
                             : table == "custom"  ? DType::kF32
                                                  : DType::kBF16},
          2 + bits % 7,
          {}};
}

// Levels for a table of its own.
void ReadLevels(Input& input, codec::CodecSpec& spec) {
  if (codec::DescribeSpec(spec).table != "custom") return;
  if (codec::Is<codec::TrellisParameters>(spec)) {
    float level = 0;
    for (size_t positive = size_t{1} << spec.bits; positive > 0; --positive) {
      level += static_cast<float>(1 + input.Byte() % 3);
      spec.levels.push_back(level);
      spec.levels.push_back(-level);
    }
  } else {
    spec.levels.resize(size_t{1} << spec.bits);
    for (float& value : spec.levels) value = static_cast<float>(input.Byte()) / 32 - 4;
  }
  std::ranges::sort(spec.levels);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(std::span(data, size));
  codec::CodecSpec spec = ReadSpec(input);
  const DType dtype = kDTypes[input.Byte() % kDTypes.size()];
  const MatrixShape shape{uint64_t{1} + input.Byte() % 3, uint64_t{1} + 2 * input.Byte()};
  ReadLevels(input, spec);

  std::unique_ptr<const codec::Codec> reference;
  try {
    reference = codec::MakeReferenceCodec(spec);
  } catch (const Error&) {
    return 0;  // an order that cannot hold so many bits, levels that do not ascend or are too large
  }
  std::vector<std::vector<std::byte>> parts;
  for (const codec::Part& part : reference->Parts(shape)) {
    if (part.is_constant()) continue;
    parts.emplace_back(part.bytes);
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) input.Fill(*part);
  const std::vector<std::span<const std::byte>> spans(parts.begin(), parts.end());

  const size_t bytes = shape.out * shape.in * BitsPerElement(dtype) / 8;
  std::vector<std::byte> want(bytes), got(bytes);
  reference->DecodeRowsTo(dtype, spans, shape.in, want);

  static const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  for (const int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    const auto vector_codec = kernels::CpuBackend().MakeCodec(spec);
    std::ranges::fill(got, std::byte{0xA5});
    vector_codec->DecodeRowsTo(dtype, spans, shape.in, got);
    if (!SameValues(dtype, want, got)) std::abort();
  }
  return 0;
}

}  // namespace hlwq
