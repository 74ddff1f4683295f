// How the keys and values of earlier tokens are kept: as floats, or coded (codec/kv_tile.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace hlwq::runtime {

// Bits of a coded key or value: 2, 3, 4, 8, or 16 for F16.
struct KvBits {
  int keys = 16, values = 16;

  bool operator==(const KvBits&) const = default;
};

class KvFormat {
 public:
  // Floats: F16, BF16 or F32.
  KvFormat(DType dtype = DType::kF16) noexcept
      : dtype_(dtype) {}  // NOLINT: a format is a type, mostly

  // "f16", "bf16", "f32", or bits of keys and values: "k4v3". Throws Error{kInvalidArgument} naming what is
  // possible.
  static KvFormat Parse(std::string_view text);

  // Other bits for some layers: "0-1=k8v8,-2--1=k4v8". Layers count from 0, or from the end as -1, -2, ..;
  // later parts count more. Throws Error{kInvalidArgument} for what cannot be read, and where nothing is
  // coded.
  void SetLayers(std::string_view text);

  bool is_coded() const noexcept { return is_coded_; }
  // Of what is not coded, at least the newest tokens.
  DType dtype() const noexcept { return dtype_; }
  // Of each layer of a model. Throws Error{kInvalidArgument} where SetLayers named one that it has not.
  std::vector<KvBits> BitsOfLayers(size_t layers) const;

  // Fewest bits of the keys of a layer, and of the values of one.
  KvBits LeastBits() const noexcept;

  // As Parse and SetLayers read it: "k4v3", "k4v3,0-1=k8v8".
  std::string name() const;

  bool operator==(const KvFormat&) const = default;

 private:
  struct LayerBits {
    long first = 0, last = 0;  // below 0: from the end
    KvBits bits;

    bool operator==(const LayerBits&) const = default;
  };

  DType dtype_ = DType::kF16;
  bool is_coded_ = false;
  KvBits bits_;
  std::vector<LayerBits> layers_;
};

}  // namespace hlwq::runtime
