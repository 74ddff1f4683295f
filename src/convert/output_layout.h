// Where every output byte goes, known before the first is written: which tensor in which shard at
// which offset. Sizes follow from shapes alone, so work may finish in any order.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace hlwq::convert {

struct OutputTensor {
  std::string name;
  DType dtype = DType::kU8;
  Shape shape;
  uint64_t bytes = 0;
  // Tensors of one group (the parts of a coded matrix, the matrices of one expert) stay together in
  // one shard, next to each other. Groups are numbered in the order they should be stored.
  uint64_t group = 0;
  // Coded parts are stored after the plain tensors of their shard.
  bool is_code = false;
};

struct OutputShard {
  std::string file_name;
  std::string header;       // all that stands before the data, padding included
  uint64_t file_bytes = 0;  // header and data
};

struct OutputPlace {
  size_t shard = 0;
  uint64_t offset = 0;  // in the file
};

// One place in a shard for each output tensor, whatever the container: safetensors_layout.h and
// gguf_layout.h make them.
class OutputLayout {
 public:
  OutputLayout(std::vector<OutputShard> shards, std::vector<OutputPlace> places,
               uint64_t data_bytes)
      : shards_(std::move(shards)), places_(std::move(places)), data_bytes_(data_bytes) {}

  const std::vector<OutputShard>& shards() const noexcept { return shards_; }
  const OutputPlace& place(size_t tensor) const noexcept { return places_[tensor]; }
  uint64_t data_bytes() const noexcept { return data_bytes_; }  // of all tensors

 private:
  std::vector<OutputShard> shards_;
  std::vector<OutputPlace> places_;
  uint64_t data_bytes_ = 0;
};

}  // namespace hlwq::convert
