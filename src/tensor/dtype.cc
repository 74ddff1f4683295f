#include "tensor/dtype.h"

#include <array>

namespace hlwq {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  unsigned bits;
};

constexpr std::array kDTypes = {
    DTypeRow{DType::kBool, "BOOL", 8},
    DTypeRow{DType::kF4, "F4", 4},
    DTypeRow{DType::kF6E2M3, "F6_E2M3", 6},
    DTypeRow{DType::kF6E3M2, "F6_E3M2", 6},
    DTypeRow{DType::kU8, "U8", 8},
    DTypeRow{DType::kI8, "I8", 8},
    DTypeRow{DType::kF8E5M2, "F8_E5M2", 8},
    DTypeRow{DType::kF8E4M3, "F8_E4M3", 8},
    DTypeRow{DType::kF8E8M0, "F8_E8M0", 8},
    DTypeRow{DType::kF8E4M3Fnuz, "F8_E4M3FNUZ", 8},
    DTypeRow{DType::kF8E5M2Fnuz, "F8_E5M2FNUZ", 8},
    DTypeRow{DType::kI16, "I16", 16},
    DTypeRow{DType::kU16, "U16", 16},
    DTypeRow{DType::kF16, "F16", 16},
    DTypeRow{DType::kBF16, "BF16", 16},
    DTypeRow{DType::kI32, "I32", 32},
    DTypeRow{DType::kU32, "U32", 32},
    DTypeRow{DType::kF32, "F32", 32},
    DTypeRow{DType::kC64, "C64", 64},
    DTypeRow{DType::kF64, "F64", 64},
    DTypeRow{DType::kI64, "I64", 64},
    DTypeRow{DType::kU64, "U64", 64},
};

constexpr bool RowsFollowTheEnum() {
  for (size_t row = 0; row < kDTypes.size(); ++row) {
    if (static_cast<size_t>(kDTypes[row].dtype) != row) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnum());

}  // namespace

unsigned BitsPerElement(DType dtype) noexcept { return kDTypes[static_cast<size_t>(dtype)].bits; }
std::string_view DTypeName(DType dtype) noexcept {
  return kDTypes[static_cast<size_t>(dtype)].name;
}

std::optional<DType> DTypeFromName(std::string_view name) noexcept {
  for (const DTypeRow& row : kDTypes) {
    if (row.name == name) return row.dtype;
  }
  if (name == "F8_E4M3FN") return DType::kF8E4M3;
  return std::nullopt;
}

bool IsWeightFloat(DType dtype) noexcept {
  return dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF32;
}

}  // namespace hlwq
