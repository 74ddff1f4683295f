// What EncodeIntGroups and DecodeIntGroups pass to their targets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/int_group.h"
#include "tensor/dtype.h"

namespace hlwq::kernels {

struct EncodeIntArguments {
  codec::IntCoding coding;
  DType dtype = DType::kBF16;  // of the weights
  size_t group = 0;            // weights
  size_t count = 0;            // groups
  const uint8_t* weights = nullptr;
  float* scratch = nullptr;
  uint8_t* codes = nullptr;
  uint8_t* scales = nullptr;
  codec::IntGroupSums* sums = nullptr;
};

struct DecodeIntArguments {
  codec::IntCoding coding;
  DType dtype = DType::kBF16;
  size_t group = 0;
  size_t count = 0;
  const uint8_t* codes = nullptr;
  const uint8_t* scales = nullptr;
  uint8_t* weights = nullptr;
};

}  // namespace hlwq::kernels
